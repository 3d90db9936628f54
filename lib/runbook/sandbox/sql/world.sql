-- What the site reads on every page, and a job that rewrites it. Undo: none, the cluster is thrown away.
CREATE TABLE IF NOT EXISTS public.site_settings (name text PRIMARY KEY, value text NOT NULL);
ALTER TABLE public.site_settings OWNER TO app;
INSERT INTO public.site_settings (name, value) VALUES ('title', 'Agency'), ('booking', 'open') ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION public.rebuild_search_index(seconds int DEFAULT 900) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN LOCK TABLE public.site_settings IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(seconds); END $$;
ALTER FUNCTION public.rebuild_search_index(int) OWNER TO app;
GRANT SELECT ON public.leads TO reporting;
GRANT DELETE ON public.user_sessions TO runbook;
-- What the application holds is newer than what Cal.com has of before (two hours), however old the cluster is.
UPDATE public.bookings SET updated_at = now() - interval '1 hour';
