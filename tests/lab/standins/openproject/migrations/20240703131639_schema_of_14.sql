-- Schema of 14 (the real one aggregates its older migrations in the same way)

-- The real one forbids overlapping validity periods of journals with this extension: a restore needs it too.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE ar_internal_metadata (
    key varchar PRIMARY KEY,
    value varchar,
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);

CREATE TABLE settings (
    id bigserial PRIMARY KEY,
    name varchar DEFAULT '' NOT NULL,
    value text,
    updated_at timestamp with time zone DEFAULT now()
);
CREATE INDEX index_settings_on_name ON settings (name);

CREATE TABLE users (
    id bigserial PRIMARY KEY,
    login varchar(256) DEFAULT '' NOT NULL,
    firstname varchar DEFAULT '' NOT NULL,
    lastname varchar DEFAULT '' NOT NULL,
    mail varchar DEFAULT '' NOT NULL,
    admin boolean DEFAULT false NOT NULL,
    status integer DEFAULT 1 NOT NULL,
    last_login_on timestamp with time zone,
    language varchar(5) DEFAULT '',
    ldap_auth_source_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    type varchar,
    identity_url varchar,
    first_login boolean DEFAULT true NOT NULL,
    force_password_change boolean DEFAULT false,
    failed_login_count integer DEFAULT 0,
    last_failed_login_on timestamp with time zone,
    consented_at timestamp with time zone,
    webauthn_id varchar
);
CREATE INDEX index_users_on_type ON users (type);
CREATE INDEX index_users_on_id_and_type ON users (id, type);
CREATE INDEX index_users_on_type_and_login ON users (type, login);
CREATE INDEX index_users_on_type_and_status ON users (type, status);
CREATE UNIQUE INDEX unique_lower_login_index ON users (lower(login)) WHERE type = 'User';

CREATE TABLE user_passwords (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hashed_password varchar(128) NOT NULL,
    salt varchar(64),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    type varchar NOT NULL
);
CREATE INDEX index_user_passwords_on_user_id ON user_passwords (user_id);

CREATE TABLE user_preferences (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    settings jsonb DEFAULT '{}',
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX index_user_preferences_on_user_id ON user_preferences (user_id);

CREATE TABLE group_users (
    id bigserial PRIMARY KEY,
    group_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX group_user_ids ON group_users (group_id, user_id);

CREATE TABLE tokens (
    id bigserial PRIMARY KEY,
    user_id bigint REFERENCES users (id) ON DELETE CASCADE,
    type varchar,
    value varchar(128) DEFAULT '' NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_on timestamp with time zone,
    data json
);
CREATE INDEX index_tokens_on_user_id ON tokens (user_id);
CREATE UNIQUE INDEX index_tokens_on_type_and_value ON tokens (type, value);

CREATE TABLE sessions (
    id bigserial PRIMARY KEY,
    session_id varchar NOT NULL,
    data text,
    updated_at timestamp with time zone,
    user_id bigint
);
CREATE UNIQUE INDEX index_sessions_on_session_id ON sessions (session_id);
CREATE INDEX index_sessions_on_updated_at ON sessions (updated_at);

CREATE TABLE roles (
    id bigserial PRIMARY KEY,
    name varchar DEFAULT '' NOT NULL,
    position integer DEFAULT 1,
    builtin integer DEFAULT 0 NOT NULL,
    type varchar DEFAULT 'Role' NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE UNIQUE INDEX index_roles_on_name ON roles (name);

CREATE TABLE role_permissions (
    id bigserial PRIMARY KEY,
    permission varchar,
    role_id bigint REFERENCES roles (id) ON DELETE CASCADE,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX index_role_permissions_on_role_id ON role_permissions (role_id);

CREATE TABLE types (
    id bigserial PRIMARY KEY,
    name varchar DEFAULT '' NOT NULL,
    position integer DEFAULT 1,
    is_in_roadmap boolean DEFAULT true NOT NULL,
    is_milestone boolean DEFAULT false NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    color_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    is_standard boolean DEFAULT false NOT NULL,
    attribute_groups text,
    description text
);

CREATE TABLE statuses (
    id bigserial PRIMARY KEY,
    name varchar DEFAULT '' NOT NULL,
    is_closed boolean DEFAULT false NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    position integer DEFAULT 1,
    default_done_ratio integer,
    color_id bigint,
    is_readonly boolean DEFAULT false,
    excluded_from_totals boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE enumerations (
    id bigserial PRIMARY KEY,
    name varchar(30) DEFAULT '' NOT NULL,
    position integer DEFAULT 1,
    is_default boolean DEFAULT false NOT NULL,
    type varchar,
    active boolean DEFAULT true NOT NULL,
    project_id bigint,
    parent_id bigint,
    color_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE projects (
    id bigserial PRIMARY KEY,
    name varchar DEFAULT '' NOT NULL,
    description text,
    public boolean DEFAULT true NOT NULL,
    parent_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    identifier varchar NOT NULL,
    lft integer,
    rgt integer,
    active boolean DEFAULT true NOT NULL,
    templated boolean DEFAULT false NOT NULL,
    status_code integer,
    status_explanation text,
    settings jsonb DEFAULT '{}' NOT NULL,
    -- 17 adds it; the other versions ignore it
    workspace_type varchar DEFAULT 'project' NOT NULL
);
CREATE UNIQUE INDEX index_projects_on_identifier ON projects (identifier);
CREATE INDEX index_projects_on_lft ON projects (lft);
CREATE INDEX index_projects_on_rgt ON projects (rgt);
CREATE INDEX index_projects_on_active ON projects (active);

CREATE TABLE projects_types (
    project_id bigint NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type_id bigint NOT NULL REFERENCES types (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX projects_types_unique ON projects_types (project_id, type_id);

CREATE TABLE members (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id bigint REFERENCES projects (id) ON DELETE CASCADE,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    entity_type varchar,
    entity_id bigint
);
CREATE UNIQUE INDEX index_members_on_user_id_and_project_without_entity
    ON members (user_id, project_id) WHERE entity_type IS NULL AND entity_id IS NULL;
CREATE INDEX index_members_on_project_id ON members (project_id);

CREATE TABLE member_roles (
    id bigserial PRIMARY KEY,
    member_id bigint NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    role_id bigint NOT NULL REFERENCES roles (id),
    inherited_from bigint
);
CREATE INDEX index_member_roles_on_member_id ON member_roles (member_id);
CREATE INDEX index_member_roles_on_role_id ON member_roles (role_id);
