-- What the site reads on every page, and a job that rewrites it. Undo: none, the cluster is thrown away.
CREATE TABLE IF NOT EXISTS public.site_settings (name text PRIMARY KEY, value text NOT NULL);
ALTER TABLE public.site_settings OWNER TO app;
INSERT INTO public.site_settings (name, value) VALUES ('title', 'Agency'), ('booking', 'open') ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION public.rebuild_search_index(seconds int DEFAULT 900) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN LOCK TABLE public.site_settings IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(seconds); END $$;
ALTER FUNCTION public.rebuild_search_index(int) OWNER TO app;
-- What was given for a payment: a row each time it was given, so that giving it twice is seen.
CREATE TABLE IF NOT EXISTS public.entitlements (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payment_id text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE public.entitlements OWNER TO app;
INSERT INTO public.entitlements (payment_id) SELECT p.id FROM public.payments p
    WHERE NOT EXISTS (SELECT FROM public.entitlements e WHERE e.payment_id = p.id);
GRANT SELECT ON public.leads TO reporting;
GRANT DELETE ON public.user_sessions TO runbook;
