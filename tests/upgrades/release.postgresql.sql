SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.active_days (
    day integer NOT NULL,
    active_1 integer NOT NULL,
    active_7 integer NOT NULL,
    active_30 integer NOT NULL
);
CREATE TABLE public.activity_slots (
    slot integer NOT NULL,
    signups integer NOT NULL,
    questions integer NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit_events (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id bigint,
    act character varying(40) NOT NULL,
    subject_id bigint,
    target character varying(80) NOT NULL,
    detail json NOT NULL,
    hash character varying(64) NOT NULL
);
CREATE TABLE public.cohort_weeks (
    week integer NOT NULL,
    cohort integer NOT NULL,
    active integer NOT NULL
);
CREATE TABLE public.conversations (
    id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    title character varying(120) NOT NULL,
    pinned boolean NOT NULL,
    settings json NOT NULL,
    head_id character varying(26),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    message_count integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.devices (
    id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    token_hash character varying(64) NOT NULL,
    address character varying(45) NOT NULL,
    user_agent character varying(300) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    idle_seconds integer DEFAULT 0 NOT NULL,
    confirmed_at timestamp with time zone,
    method character varying(20) DEFAULT 'password'::character varying NOT NULL
);
CREATE TABLE public.error_slots (
    slot integer NOT NULL,
    code character varying(30) NOT NULL,
    count integer NOT NULL
);
CREATE TABLE public.feedback (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    opinion character varying(2000) NOT NULL,
    category character varying(20) NOT NULL,
    rating smallint,
    created_at timestamp with time zone NOT NULL,
    state character varying(10) DEFAULT 'new'::character varying NOT NULL,
    answer character varying(2000),
    answered_at timestamp with time zone,
    answer_read_at timestamp with time zone,
    answered_by bigint
);
CREATE SEQUENCE public.feedback_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.feedback_id_seq OWNED BY public.feedback.id;
CREATE TABLE public.feedback_slots (
    slot integer NOT NULL,
    category character varying(20) NOT NULL,
    count integer NOT NULL,
    rated integer NOT NULL,
    rating_sum integer NOT NULL
);
CREATE TABLE public.invites (
    id character varying(26) NOT NULL,
    token_hash character varying(64) NOT NULL,
    note character varying(200) NOT NULL,
    created_by bigint,
    max_uses integer NOT NULL,
    uses integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);
CREATE TABLE public.login_failures (
    key character varying(64) NOT NULL,
    count integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone
);
CREATE TABLE public.message_ratings (
    message_id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    rating smallint NOT NULL,
    reasons json NOT NULL,
    comment character varying(1000) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.messages (
    id character varying(26) NOT NULL,
    conversation_id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    parent_id character varying(26),
    ordinal integer NOT NULL,
    role character varying(10) NOT NULL,
    text text NOT NULL,
    status character varying(12) NOT NULL,
    client_id character varying(64),
    seq integer NOT NULL,
    piece_lengths text NOT NULL,
    model character varying(200),
    finish_reason character varying(12),
    error_code character varying(30),
    error_text character varying(500),
    prompt_tokens integer,
    cached_tokens integer,
    completion_tokens integer,
    queue_ms integer,
    first_token_ms integer,
    total_ms integer,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone
);
CREATE TABLE public.model_settings (
    name character varying(64) NOT NULL,
    least_role character varying(20) NOT NULL,
    help boolean NOT NULL,
    system_prompt character varying(2000),
    sampling json NOT NULL,
    context_length integer,
    template text,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.one_time_links (
    id character varying(26) NOT NULL,
    purpose character varying(30) NOT NULL,
    token_hash character varying(64) NOT NULL,
    user_id bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    email character varying(254)
);
CREATE TABLE public.passkeys (
    id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    credential_id character varying(1400) NOT NULL,
    public_key bytea NOT NULL,
    sign_count integer NOT NULL,
    backed_up boolean NOT NULL,
    name character varying(60) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);
CREATE TABLE public.pictures (
    id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    content bytea NOT NULL,
    size_bytes integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.recovery_codes (
    id character varying(26) NOT NULL,
    user_id bigint NOT NULL,
    code_hash character varying(64) NOT NULL,
    used_at timestamp with time zone
);
CREATE TABLE public.reply_slots (
    slot integer NOT NULL,
    model character varying(200) NOT NULL,
    replies integer NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    complete integer NOT NULL,
    length integer NOT NULL,
    stopped integer NOT NULL,
    interrupted integer NOT NULL,
    failed integer NOT NULL,
    liked integer NOT NULL,
    disliked integer NOT NULL
);
CREATE TABLE public.roles (
    id integer NOT NULL,
    name character varying(20) NOT NULL,
    description character varying(200) NOT NULL,
    daily_messages integer,
    daily_tokens integer
);
CREATE SEQUENCE public.roles_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.roles_id_seq OWNED BY public.roles.id;
CREATE TABLE public.site_settings (
    name character varying(40) NOT NULL,
    value json NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.stale_days (
    day integer NOT NULL,
    mark integer NOT NULL
);
CREATE TABLE public.timing_spans (
    step character varying(5) NOT NULL,
    day integer NOT NULL,
    model character varying(200) NOT NULL,
    measure character varying(20) NOT NULL,
    bucket integer NOT NULL,
    count integer NOT NULL
);
CREATE TABLE public.user_days (
    day integer NOT NULL,
    user_id bigint NOT NULL,
    questions integer NOT NULL,
    characters bigint NOT NULL,
    replies integer NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL
);
CREATE TABLE public.user_totals (
    user_id bigint NOT NULL,
    questions integer NOT NULL,
    characters bigint NOT NULL,
    replies integer NOT NULL,
    tokens bigint NOT NULL
);
CREATE TABLE public.users (
    id bigint NOT NULL,
    username character varying(30) NOT NULL,
    username_key character varying(30) NOT NULL,
    email character varying(254) NOT NULL,
    email_key character varying(254) NOT NULL,
    password_hash character varying(100),
    google_sub character varying(255),
    role_id integer NOT NULL,
    active boolean NOT NULL,
    in_ranking boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    email_verified_at timestamp with time zone,
    totp_secret character varying(200),
    totp_last_step bigint,
    retention_days integer,
    may_train boolean DEFAULT false NOT NULL
);
CREATE SEQUENCE public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;
ALTER TABLE ONLY public.feedback ALTER COLUMN id SET DEFAULT nextval('public.feedback_id_seq'::regclass);
ALTER TABLE ONLY public.roles ALTER COLUMN id SET DEFAULT nextval('public.roles_id_seq'::regclass);
ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);
INSERT INTO public.active_days VALUES (1, 1, 1, 1);
INSERT INTO public.active_days VALUES (2, 2, 2, 2);
INSERT INTO public.activity_slots VALUES (1, 1, 1);
INSERT INTO public.activity_slots VALUES (2, 2, 2);
INSERT INTO public.alembic_version VALUES ('0006');
INSERT INTO public.audit_events VALUES (1, '2026-03-01 09:00:00+00', 1, 'act 1 – ünï', 1, 'target 1 – ünï', '{"kept": 0}', 'hash 1 – ünï');
INSERT INTO public.audit_events VALUES (2, '2026-03-01 09:01:00+00', 2, 'act 2 – ünï', 2, 'target 2 – ünï', '{"kept": 1}', 'hash 2 – ünï');
INSERT INTO public.cohort_weeks VALUES (1, 1, 1);
INSERT INTO public.cohort_weeks VALUES (2, 2, 2);
INSERT INTO public.conversations VALUES ('01JNN000000000000000000001', 1, 'title 1 – ünï', true, '{"temperature": 0.5}', NULL, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', NULL, 2);
INSERT INTO public.conversations VALUES ('01JNN000000000000000000002', 2, 'title 2 – ünï', false, '{"temperature": 0.5}', NULL, '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', NULL, 2);
INSERT INTO public.devices VALUES ('01JNN000000000000000000001', 1, 'token_hash 1 – ünï', 'address 1 – ünï', 'user_agent 1 – ünï', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', 1, '2026-03-01 09:00:00+00', 'method 1 – ünï');
INSERT INTO public.devices VALUES ('01JNN000000000000000000002', 2, 'token_hash 2 – ünï', 'address 2 – ünï', 'user_agent 2 – ünï', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', 2, '2026-03-01 09:01:00+00', 'method 2 – ünï');
INSERT INTO public.error_slots VALUES (1, 'code 1 – ünï', 1);
INSERT INTO public.error_slots VALUES (2, 'code 2 – ünï', 2);
INSERT INTO public.feedback VALUES (1, 1, 'opinion 1 – ünï', 'idea', 4, '2026-03-01 09:00:00+00', 'new', 'answer 1 – ünï', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', 1);
INSERT INTO public.feedback VALUES (2, 2, 'opinion 2 – ünï', 'idea', 4, '2026-03-01 09:01:00+00', 'new', 'answer 2 – ünï', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', 2);
INSERT INTO public.feedback_slots VALUES (1, 'category 1 – ünï', 1, 1, 1);
INSERT INTO public.feedback_slots VALUES (2, 'category 2 – ünï', 2, 2, 2);
INSERT INTO public.invites VALUES ('01JNN000000000000000000001', 'token_hash 1 – ünï', 'note 1 – ünï', 1, 1, 1, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00');
INSERT INTO public.invites VALUES ('01JNN000000000000000000002', 'token_hash 2 – ünï', 'note 2 – ünï', 2, 2, 2, '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00');
INSERT INTO public.login_failures VALUES ('key 1 – ünï', 1, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00');
INSERT INTO public.login_failures VALUES ('key 2 – ünï', 2, '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00');
INSERT INTO public.message_ratings VALUES ('01JNN000000000000000000012', 1, 1, '["clear"]', 'comment 1 – ünï', '2026-03-01 09:00:00+00');
INSERT INTO public.messages VALUES ('01JNN000000000000000000011', '01JNN000000000000000000001', 1, NULL, 0, 'user', 'What is “é”?', 'complete', 'c1', 0, '', NULL, NULL, NULL, NULL, 1, 1, 1, 1, 1, 1, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00');
INSERT INTO public.messages VALUES ('01JNN000000000000000000012', '01JNN000000000000000000001', 1, '01JNN000000000000000000011', 1, 'assistant', 'A letter.
With an accent.', 'complete', NULL, 2, '10,15', 'echo-mini', 'stop', NULL, NULL, 1, 1, 1, 1, 1, 1, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00');
INSERT INTO public.model_settings VALUES ('name 1 – ünï', 'least_role 1 – ünï', true, 'system_prompt 1 – ünï', '{"kept": 0}', 1, 'template 1 – ünï', '2026-03-01 09:00:00+00');
INSERT INTO public.model_settings VALUES ('name 2 – ünï', 'least_role 2 – ünï', false, 'system_prompt 2 – ünï', '{"kept": 1}', 2, 'template 2 – ünï', '2026-03-01 09:01:00+00');
INSERT INTO public.one_time_links VALUES ('01JNN000000000000000000001', 'purpose 1 – ünï', 'token_hash 1 – ünï', 1, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', 'email 1 – ünï');
INSERT INTO public.one_time_links VALUES ('01JNN000000000000000000002', 'purpose 2 – ünï', 'token_hash 2 – ünï', 2, '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00', 'email 2 – ünï');
INSERT INTO public.passkeys VALUES ('01JNN000000000000000000001', 1, 'credential_id 1 – ünï', '\x89504e470d0a00', 1, true, 'name 1 – ünï', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00');
INSERT INTO public.passkeys VALUES ('01JNN000000000000000000002', 2, 'credential_id 2 – ünï', '\x89504e470d0a01', 2, false, 'name 2 – ünï', '2026-03-01 09:01:00+00', '2026-03-01 09:01:00+00');
INSERT INTO public.pictures VALUES ('01JNN000000000000000000001', 1, '\x89504e470d0a00', 1, '2026-03-01 09:00:00+00');
INSERT INTO public.pictures VALUES ('01JNN000000000000000000002', 2, '\x89504e470d0a01', 2, '2026-03-01 09:01:00+00');
INSERT INTO public.recovery_codes VALUES ('01JNN000000000000000000001', 1, 'code_hash 1 – ünï', '2026-03-01 09:00:00+00');
INSERT INTO public.recovery_codes VALUES ('01JNN000000000000000000002', 2, 'code_hash 2 – ünï', '2026-03-01 09:01:00+00');
INSERT INTO public.reply_slots VALUES (1, 'model 1 – ünï', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
INSERT INTO public.reply_slots VALUES (2, 'model 2 – ünï', 2, 2, 2, 2, 2, 2, 2, 2, 2, 2);
INSERT INTO public.roles VALUES (1, 'user', 'Chats.', NULL, NULL);
INSERT INTO public.roles VALUES (2, 'analyst', 'Chats, and reads the charts.', NULL, NULL);
INSERT INTO public.roles VALUES (3, 'admin', 'Also sees and edits people and feedback.', NULL, NULL);
INSERT INTO public.roles VALUES (4, 'super_admin', 'Also gives roles and takes backups.', NULL, NULL);
INSERT INTO public.site_settings VALUES ('name 1 – ünï', '{"kept": 0}', '2026-03-01 09:00:00+00');
INSERT INTO public.site_settings VALUES ('name 2 – ünï', '{"kept": 1}', '2026-03-01 09:01:00+00');
INSERT INTO public.stale_days VALUES (1, 1);
INSERT INTO public.stale_days VALUES (2, 2);
INSERT INTO public.timing_spans VALUES ('step ', 1, 'model 1 – ünï', 'measure 1 – ünï', 1, 1);
INSERT INTO public.timing_spans VALUES ('step ', 2, 'model 2 – ünï', 'measure 2 – ünï', 2, 2);
INSERT INTO public.user_days VALUES (1, 1, 1, 1, 1, 1, 1);
INSERT INTO public.user_days VALUES (2, 2, 2, 2, 2, 2, 2);
INSERT INTO public.user_totals VALUES (1, 1, 1, 1, 1);
INSERT INTO public.user_totals VALUES (2, 2, 2, 2, 2);
INSERT INTO public.users VALUES (1, 'ada', 'ada', 'Ada@Example.org', 'ada@example.org', '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e', NULL, 4, true, true, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', NULL, NULL, NULL, NULL, true);
INSERT INTO public.users VALUES (2, 'joerg', 'joerg', 'joerg@müller.de', 'joerg@müller.de', '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e', NULL, 1, true, true, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', NULL, NULL, NULL, NULL, false);
INSERT INTO public.users VALUES (3, 'grace', 'grace', 'grace@example.org', 'grace@example.org', '$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e', NULL, 2, true, false, '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', '2026-03-01 09:00:00+00', NULL, NULL, NULL, NULL, false);
SELECT pg_catalog.setval('public.feedback_id_seq', 2, true);
SELECT pg_catalog.setval('public.roles_id_seq', 4, true);
SELECT pg_catalog.setval('public.users_id_seq', 3, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.active_days
    ADD CONSTRAINT pk_active_days PRIMARY KEY (day);
ALTER TABLE ONLY public.activity_slots
    ADD CONSTRAINT pk_activity_slots PRIMARY KEY (slot);
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT pk_audit_events PRIMARY KEY (id);
ALTER TABLE ONLY public.cohort_weeks
    ADD CONSTRAINT pk_cohort_weeks PRIMARY KEY (week, cohort);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT pk_conversations PRIMARY KEY (id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT pk_devices PRIMARY KEY (id);
ALTER TABLE ONLY public.error_slots
    ADD CONSTRAINT pk_error_slots PRIMARY KEY (slot, code);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT pk_feedback PRIMARY KEY (id);
ALTER TABLE ONLY public.feedback_slots
    ADD CONSTRAINT pk_feedback_slots PRIMARY KEY (slot, category);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT pk_invites PRIMARY KEY (id);
ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT pk_login_failures PRIMARY KEY (key);
ALTER TABLE ONLY public.message_ratings
    ADD CONSTRAINT pk_message_ratings PRIMARY KEY (message_id);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT pk_messages PRIMARY KEY (id);
ALTER TABLE ONLY public.model_settings
    ADD CONSTRAINT pk_model_settings PRIMARY KEY (name);
ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT pk_one_time_links PRIMARY KEY (id);
ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT pk_passkeys PRIMARY KEY (id);
ALTER TABLE ONLY public.pictures
    ADD CONSTRAINT pk_pictures PRIMARY KEY (id);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT pk_recovery_codes PRIMARY KEY (id);
ALTER TABLE ONLY public.reply_slots
    ADD CONSTRAINT pk_reply_slots PRIMARY KEY (slot, model);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT pk_roles PRIMARY KEY (id);
ALTER TABLE ONLY public.site_settings
    ADD CONSTRAINT pk_site_settings PRIMARY KEY (name);
ALTER TABLE ONLY public.stale_days
    ADD CONSTRAINT pk_stale_days PRIMARY KEY (day);
ALTER TABLE ONLY public.timing_spans
    ADD CONSTRAINT pk_timing_spans PRIMARY KEY (step, day, model, measure, bucket);
ALTER TABLE ONLY public.user_days
    ADD CONSTRAINT pk_user_days PRIMARY KEY (day, user_id);
ALTER TABLE ONLY public.user_totals
    ADD CONSTRAINT pk_user_totals PRIMARY KEY (user_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT uq_devices_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT uq_invites_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT uq_messages_conversation_id_ordinal UNIQUE (conversation_id, ordinal);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT uq_messages_user_id_client_id UNIQUE (user_id, client_id);
ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT uq_one_time_links_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id);
ALTER TABLE ONLY public.pictures
    ADD CONSTRAINT uq_pictures_user_id UNIQUE (user_id);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT uq_roles_name UNIQUE (name);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_email_key UNIQUE (email_key);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_google_sub UNIQUE (google_sub);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_username_key UNIQUE (username_key);
CREATE INDEX ix_audit_events_act ON public.audit_events USING btree (act);
CREATE INDEX ix_audit_events_actor_id ON public.audit_events USING btree (actor_id);
CREATE INDEX ix_audit_events_at ON public.audit_events USING btree (at);
CREATE INDEX ix_audit_events_subject_id ON public.audit_events USING btree (subject_id);
CREATE INDEX ix_conversations_created_at ON public.conversations USING btree (created_at);
CREATE INDEX ix_conversations_deleted_at ON public.conversations USING btree (deleted_at);
CREATE INDEX ix_conversations_message_count_created_at ON public.conversations USING btree (message_count, created_at);
CREATE INDEX ix_conversations_owner_recent ON public.conversations USING btree (user_id, deleted_at, updated_at);
CREATE INDEX ix_conversations_updated_at ON public.conversations USING btree (updated_at);
CREATE INDEX ix_conversations_user_id ON public.conversations USING btree (user_id);
CREATE INDEX ix_devices_expires_at ON public.devices USING btree (expires_at);
CREATE INDEX ix_devices_user_id ON public.devices USING btree (user_id);
CREATE INDEX ix_feedback_answered_by ON public.feedback USING btree (answered_by);
CREATE INDEX ix_feedback_category ON public.feedback USING btree (category);
CREATE INDEX ix_feedback_created_at ON public.feedback USING btree (created_at);
CREATE INDEX ix_feedback_state ON public.feedback USING btree (state);
CREATE INDEX ix_feedback_user_id ON public.feedback USING btree (user_id);
CREATE INDEX ix_invites_created_at ON public.invites USING btree (created_at);
CREATE INDEX ix_login_failures_last_at ON public.login_failures USING btree (last_at);
CREATE INDEX ix_message_ratings_created_at ON public.message_ratings USING btree (created_at);
CREATE INDEX ix_message_ratings_user_id ON public.message_ratings USING btree (user_id);
CREATE INDEX ix_messages_created_at ON public.messages USING btree (created_at);
CREATE INDEX ix_messages_parent_id ON public.messages USING btree (parent_id);
CREATE INDEX ix_messages_status_created_at ON public.messages USING btree (status, created_at);
CREATE INDEX ix_messages_user_id_created_at ON public.messages USING btree (user_id, created_at);
CREATE INDEX ix_one_time_links_purpose ON public.one_time_links USING btree (purpose);
CREATE INDEX ix_passkeys_user_id ON public.passkeys USING btree (user_id);
CREATE INDEX ix_pictures_created_at ON public.pictures USING btree (created_at);
CREATE INDEX ix_recovery_codes_user_id ON public.recovery_codes USING btree (user_id);
CREATE INDEX ix_user_days_user_id_day ON public.user_days USING btree (user_id, day);
CREATE INDEX ix_user_totals_characters_questions ON public.user_totals USING btree (characters, questions);
CREATE INDEX ix_user_totals_questions ON public.user_totals USING btree (questions);
CREATE INDEX ix_users_created_at ON public.users USING btree (created_at);
CREATE INDEX ix_users_last_seen_at ON public.users USING btree (last_seen_at);
CREATE INDEX ix_users_role_id ON public.users USING btree (role_id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT fk_conversations_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.devices
    ADD CONSTRAINT fk_devices_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_answered_by_users FOREIGN KEY (answered_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT fk_invites_created_by_users FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.message_ratings
    ADD CONSTRAINT fk_message_ratings_message_id_messages FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.message_ratings
    ADD CONSTRAINT fk_message_ratings_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_parent_id_messages FOREIGN KEY (parent_id) REFERENCES public.messages(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT fk_one_time_links_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT fk_passkeys_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.pictures
    ADD CONSTRAINT fk_pictures_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT fk_recovery_codes_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_days
    ADD CONSTRAINT fk_user_days_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_totals
    ADD CONSTRAINT fk_user_totals_user_id_users FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users
    ADD CONSTRAINT fk_users_role_id_roles FOREIGN KEY (role_id) REFERENCES public.roles(id);
