-- The company's application and its history of migrations. Undo: none, the cluster is thrown away.
CREATE SCHEMA supabase_migrations AUTHORIZATION postgres;
CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
INSERT INTO supabase_migrations.schema_migrations (version, name, statements) VALUES
    ('20260901093000', 'create_leads', ARRAY['create table public.leads (id bigint generated always as identity primary key,
        email text not null, message text not null default '''', created_at timestamptz not null default now())']),
    ('20260915101500', 'create_bookings', ARRAY['create table public.bookings (uid text primary key,
        customer_id bigint references public.customers (id), starts_at timestamptz not null,
        status text not null default ''accepted'', updated_at timestamptz not null default now())']),
    ('20260922110000', 'create_site_settings', ARRAY['create table public.site_settings (name text primary key, value text not null)']),
    ('20261012140000', 'create_payments', ARRAY['create table public.payments (id text primary key,
        customer_id bigint references public.customers (id), amount_cents integer not null, provisioned_at timestamptz,
        created_at timestamptz not null default now())']),
    ('20261103083000', 'add_processed_events', ARRAY['create table public.processed_events (event_id text primary key,
        received_at timestamptz not null default now())']);
ALTER TABLE supabase_migrations.schema_migrations OWNER TO postgres;
GRANT USAGE, CREATE ON SCHEMA public TO app;
SET ROLE app;
CREATE TABLE public.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE NOT NULL, name text NOT NULL);
CREATE TABLE public.leads (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.bookings (uid text PRIMARY KEY, customer_id bigint REFERENCES public.customers (id), starts_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'accepted', updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.payments (id text PRIMARY KEY, customer_id bigint REFERENCES public.customers (id), amount_cents integer NOT NULL,
    provisioned_at timestamptz, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.processed_events (event_id text PRIMARY KEY, received_at timestamptz NOT NULL DEFAULT now());
-- What was given for a payment: a row each time it was given, so that giving it twice is seen.
CREATE TABLE public.entitlements (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payment_id text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE public.user_sessions (id text PRIMARY KEY, user_id text NOT NULL, expires_at timestamptz NOT NULL);
INSERT INTO public.customers (email, name) SELECT 'customer' || n || '@example.test', 'Customer ' || n FROM generate_series(1, 50) AS n;
INSERT INTO public.leads (email) SELECT 'lead' || n || '@example.test' FROM generate_series(1, 200) AS n;
INSERT INTO public.bookings (uid, customer_id, starts_at) SELECT 'bk_' || n, n, now() + n * interval '1 hour' FROM generate_series(1, 40) AS n;
INSERT INTO public.payments (id, customer_id, amount_cents, provisioned_at)
    SELECT 'pi_' || n, n, 4900, now() FROM generate_series(1, 40) AS n;
INSERT INTO public.processed_events (event_id) SELECT 'evt_' || n FROM generate_series(1, 40) AS n;
INSERT INTO public.entitlements (payment_id) SELECT id FROM public.payments;
INSERT INTO public.user_sessions (id, user_id, expires_at) SELECT 'ses_' || n, 'user_' || n, now() + interval '1 day' FROM generate_series(1, 20) AS n;
RESET ROLE;
