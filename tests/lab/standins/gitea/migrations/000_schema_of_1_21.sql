-- Schema of 1.21 (database version 280)
-- Like the real one: no foreign keys, times as Unix seconds, index names with capitals.

CREATE TABLE version (
    id bigserial PRIMARY KEY,
    version bigint
);

CREATE TABLE "user" (
    id bigserial PRIMARY KEY,
    lower_name varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    full_name varchar(255),
    email varchar(255) NOT NULL,
    keep_email_private boolean,
    email_notifications_preference varchar(20) DEFAULT 'enabled' NOT NULL,
    passwd varchar(255) NOT NULL,
    passwd_hash_algo varchar(255) DEFAULT 'argon2' NOT NULL,
    must_change_password boolean DEFAULT false NOT NULL,
    login_type integer,
    login_source bigint DEFAULT 0 NOT NULL,
    login_name varchar(255),
    type integer,
    location varchar(255),
    website varchar(255),
    rands varchar(32),
    salt varchar(32),
    language varchar(5),
    description varchar(255),
    created_unix bigint,
    updated_unix bigint,
    last_login_unix bigint,
    last_repo_visibility boolean,
    max_repo_creation integer DEFAULT -1 NOT NULL,
    is_active boolean,
    is_admin boolean,
    is_restricted boolean DEFAULT false NOT NULL,
    allow_git_hook boolean,
    allow_import_local boolean,
    allow_create_organization boolean DEFAULT true,
    prohibit_login boolean DEFAULT false NOT NULL,
    avatar varchar(2048) NOT NULL DEFAULT '',
    avatar_email varchar(255) NOT NULL DEFAULT '',
    use_custom_avatar boolean,
    num_followers integer DEFAULT 0,
    num_following integer DEFAULT 0 NOT NULL,
    num_stars integer DEFAULT 0,
    num_repos integer DEFAULT 0,
    num_teams integer DEFAULT 0,
    num_members integer DEFAULT 0,
    visibility integer DEFAULT 0 NOT NULL,
    repo_admin_change_team_access boolean DEFAULT false NOT NULL,
    diff_view_style varchar(255) DEFAULT '' NOT NULL,
    theme varchar(255) DEFAULT '' NOT NULL,
    keep_activity_private boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX "UQE_user_lower_name" ON "user" (lower_name);
CREATE UNIQUE INDEX "UQE_user_name" ON "user" (name);
CREATE INDEX "IDX_user_created_unix" ON "user" (created_unix);
CREATE INDEX "IDX_user_updated_unix" ON "user" (updated_unix);
CREATE INDEX "IDX_user_last_login_unix" ON "user" (last_login_unix);
CREATE INDEX "IDX_user_is_active" ON "user" (is_active);

CREATE TABLE email_address (
    id bigserial PRIMARY KEY,
    uid bigint NOT NULL,
    email varchar(255) NOT NULL,
    lower_email varchar(255) NOT NULL,
    is_activated boolean,
    is_primary boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX "UQE_email_address_email" ON email_address (email);
CREATE UNIQUE INDEX "UQE_email_address_lower_email" ON email_address (lower_email);
CREATE INDEX "IDX_email_address_uid" ON email_address (uid);

CREATE TABLE user_redirect (
    id bigserial PRIMARY KEY,
    lower_name varchar(255) NOT NULL,
    redirect_user_id bigint
);
CREATE UNIQUE INDEX "UQE_user_redirect_s" ON user_redirect (lower_name);

CREATE TABLE login_source (
    id bigserial PRIMARY KEY,
    type integer,
    name varchar(255),
    is_active boolean DEFAULT false NOT NULL,
    is_sync_enabled boolean DEFAULT false NOT NULL,
    cfg text,
    created_unix bigint,
    updated_unix bigint
);
CREATE UNIQUE INDEX "UQE_login_source_name" ON login_source (name);

CREATE TABLE two_factor (
    id bigserial PRIMARY KEY,
    uid bigint,
    secret varchar(255),
    scratch_salt varchar(255),
    scratch_hash varchar(255),
    last_used_passcode varchar(10),
    created_unix bigint,
    updated_unix bigint
);
CREATE UNIQUE INDEX "UQE_two_factor_uid" ON two_factor (uid);

CREATE TABLE package (
    id bigserial PRIMARY KEY,
    owner_id bigint NOT NULL,
    repo_id bigint,
    type varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    lower_name varchar(255) NOT NULL,
    semver_compatible boolean DEFAULT false NOT NULL,
    is_internal boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX "UQE_package_s" ON package (owner_id, type, lower_name);

CREATE TABLE package_version (
    id bigserial PRIMARY KEY,
    package_id bigint NOT NULL,
    creator_id bigint DEFAULT 0 NOT NULL,
    version varchar(255) NOT NULL,
    lower_version varchar(255) NOT NULL,
    created_unix bigint,
    is_internal boolean DEFAULT false NOT NULL,
    metadata_json text,
    download_count bigint DEFAULT 0 NOT NULL
);
CREATE UNIQUE INDEX "UQE_package_version_s" ON package_version (package_id, lower_version);

CREATE TABLE access_token (
    id bigserial PRIMARY KEY,
    uid bigint,
    name varchar(255),
    token_hash varchar(255),
    token_salt varchar(255),
    token_last_eight varchar(255),
    scope varchar(255),
    created_unix bigint,
    updated_unix bigint
);
CREATE UNIQUE INDEX "UQE_access_token_token_hash" ON access_token (token_hash);
CREATE INDEX "IDX_access_token_uid" ON access_token (uid);
CREATE INDEX "IDX_access_token_token_last_eight" ON access_token (token_last_eight);

CREATE TABLE public_key (
    id bigserial PRIMARY KEY,
    owner_id bigint NOT NULL,
    name varchar(255) NOT NULL,
    fingerprint varchar(255) NOT NULL,
    content text NOT NULL,
    mode integer DEFAULT 2 NOT NULL,
    type integer DEFAULT 1 NOT NULL,
    login_source_id bigint DEFAULT 0 NOT NULL,
    created_unix bigint,
    updated_unix bigint,
    verified boolean DEFAULT false NOT NULL
);
CREATE INDEX "IDX_public_key_owner_id" ON public_key (owner_id);
CREATE INDEX "IDX_public_key_fingerprint" ON public_key (fingerprint);

CREATE TABLE team (
    id bigserial PRIMARY KEY,
    org_id bigint,
    lower_name varchar(255),
    name varchar(255),
    description varchar(255),
    authorize integer,
    num_repos integer,
    num_members integer,
    includes_all_repositories boolean DEFAULT false NOT NULL,
    can_create_org_repo boolean DEFAULT false NOT NULL
);
CREATE INDEX "IDX_team_org_id" ON team (org_id);

CREATE TABLE team_user (
    id bigserial PRIMARY KEY,
    org_id bigint,
    team_id bigint,
    uid bigint
);
CREATE UNIQUE INDEX "UQE_team_user_s" ON team_user (team_id, uid);
CREATE INDEX "IDX_team_user_org_id" ON team_user (org_id);

CREATE TABLE team_unit (
    id bigserial PRIMARY KEY,
    org_id bigint,
    team_id bigint,
    type integer,
    access_mode integer
);
CREATE UNIQUE INDEX "UQE_team_unit_s" ON team_unit (team_id, type);

CREATE TABLE team_repo (
    id bigserial PRIMARY KEY,
    org_id bigint,
    team_id bigint,
    repo_id bigint
);
CREATE UNIQUE INDEX "UQE_team_repo_s" ON team_repo (team_id, repo_id);

CREATE TABLE org_user (
    id bigserial PRIMARY KEY,
    uid bigint,
    org_id bigint,
    is_public boolean
);
CREATE UNIQUE INDEX "UQE_org_user_s" ON org_user (uid, org_id);
CREATE INDEX "IDX_org_user_org_id" ON org_user (org_id);

CREATE TABLE repository (
    id bigserial PRIMARY KEY,
    owner_id bigint,
    owner_name varchar(255),
    lower_name varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    description text,
    website varchar(2048),
    original_service_type integer,
    original_url varchar(2048),
    default_branch varchar(255),
    num_watches integer,
    num_stars integer,
    num_forks integer,
    num_issues integer,
    num_closed_issues integer,
    num_pulls integer,
    num_closed_pulls integer,
    num_milestones integer DEFAULT 0 NOT NULL,
    num_closed_milestones integer DEFAULT 0 NOT NULL,
    num_projects integer DEFAULT 0 NOT NULL,
    num_closed_projects integer DEFAULT 0 NOT NULL,
    num_action_runs integer DEFAULT 0 NOT NULL,
    num_closed_action_runs integer DEFAULT 0 NOT NULL,
    is_private boolean,
    is_empty boolean,
    is_archived boolean,
    is_mirror boolean,
    status integer DEFAULT 0 NOT NULL,
    is_fork boolean DEFAULT false NOT NULL,
    fork_id bigint,
    is_template boolean DEFAULT false NOT NULL,
    template_id bigint,
    size bigint DEFAULT 0 NOT NULL,
    git_size bigint DEFAULT 0 NOT NULL,
    lfs_size bigint DEFAULT 0 NOT NULL,
    is_fsck_enabled boolean DEFAULT true NOT NULL,
    close_issues_via_commit_in_any_branch boolean DEFAULT false NOT NULL,
    topics text,
    trust_model integer,
    avatar varchar(64),
    created_unix bigint,
    updated_unix bigint,
    archived_unix bigint DEFAULT 0
);
CREATE UNIQUE INDEX "UQE_repository_s" ON repository (owner_id, lower_name);
CREATE INDEX "IDX_repository_name" ON repository (name);
CREATE INDEX "IDX_repository_lower_name" ON repository (lower_name);
CREATE INDEX "IDX_repository_owner_id" ON repository (owner_id);
CREATE INDEX "IDX_repository_is_private" ON repository (is_private);
CREATE INDEX "IDX_repository_updated_unix" ON repository (updated_unix);

CREATE TABLE repo_unit (
    id bigserial PRIMARY KEY,
    repo_id bigint,
    type integer,
    config text,
    created_unix bigint
);
CREATE INDEX "IDX_repo_unit_s" ON repo_unit (repo_id, type);

CREATE TABLE issue (
    id bigserial PRIMARY KEY,
    repo_id bigint,
    "index" bigint,
    poster_id bigint,
    original_author varchar(255),
    original_author_id bigint,
    name varchar(255),
    content text,
    milestone_id bigint,
    priority integer,
    is_closed boolean,
    is_pull boolean,
    num_comments integer,
    ref varchar(255),
    pin_order integer DEFAULT 0,
    deadline_unix bigint,
    created_unix bigint,
    updated_unix bigint,
    closed_unix bigint,
    is_locked boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX "UQE_issue_repo_index" ON issue (repo_id, "index");
CREATE INDEX "IDX_issue_repo_id" ON issue (repo_id);
CREATE INDEX "IDX_issue_poster_id" ON issue (poster_id);
CREATE INDEX "IDX_issue_is_closed" ON issue (is_closed);
CREATE INDEX "IDX_issue_is_pull" ON issue (is_pull);
CREATE INDEX "IDX_issue_created_unix" ON issue (created_unix);
CREATE INDEX "IDX_issue_updated_unix" ON issue (updated_unix);

CREATE TABLE issue_index (
    group_id bigint PRIMARY KEY,
    max_index bigint
);
CREATE INDEX "IDX_issue_index_max_index" ON issue_index (max_index);

CREATE TABLE comment (
    id bigserial PRIMARY KEY,
    type integer,
    poster_id bigint,
    original_author varchar(255),
    original_author_id bigint,
    issue_id bigint,
    label_id bigint,
    old_project_id bigint,
    project_id bigint,
    old_milestone_id bigint,
    milestone_id bigint,
    time_id bigint,
    assignee_id bigint,
    removed_assignee boolean,
    assignee_team_id bigint DEFAULT 0 NOT NULL,
    resolve_doer_id bigint,
    old_title varchar(255),
    new_title varchar(255),
    old_ref varchar(255),
    new_ref varchar(255),
    dependent_issue_id bigint,
    commit_id bigint,
    line bigint,
    tree_path varchar(4000),
    content text,
    patch text,
    created_unix bigint,
    updated_unix bigint,
    commit_sha varchar(40),
    review_id bigint,
    invalidated boolean,
    ref_repo_id bigint,
    ref_issue_id bigint,
    ref_comment_id bigint,
    ref_action smallint,
    ref_is_pull boolean
);
CREATE INDEX "IDX_comment_type" ON comment (type);
CREATE INDEX "IDX_comment_poster_id" ON comment (poster_id);
CREATE INDEX "IDX_comment_issue_id" ON comment (issue_id);
CREATE INDEX "IDX_comment_dependent_issue_id" ON comment (dependent_issue_id);
CREATE INDEX "IDX_comment_created_unix" ON comment (created_unix);
CREATE INDEX "IDX_comment_updated_unix" ON comment (updated_unix);

CREATE TABLE attachment (
    id bigserial PRIMARY KEY,
    uuid uuid,
    repo_id bigint,
    issue_id bigint,
    release_id bigint,
    uploader_id bigint DEFAULT 0,
    comment_id bigint,
    name varchar(255),
    download_count bigint DEFAULT 0,
    size bigint DEFAULT 0,
    created_unix bigint
);
CREATE UNIQUE INDEX "UQE_attachment_uuid" ON attachment (uuid);
CREATE INDEX "IDX_attachment_repo_id" ON attachment (repo_id);
CREATE INDEX "IDX_attachment_issue_id" ON attachment (issue_id);

CREATE TABLE lfs_meta_object (
    id bigserial PRIMARY KEY,
    oid varchar(255) NOT NULL,
    size bigint NOT NULL,
    repository_id bigint NOT NULL,
    created_unix bigint,
    updated_unix bigint
);
CREATE UNIQUE INDEX "UQE_lfs_meta_object_s" ON lfs_meta_object (oid, repository_id);
CREATE INDEX "IDX_lfs_meta_object_oid" ON lfs_meta_object (oid);
CREATE INDEX "IDX_lfs_meta_object_repository_id" ON lfs_meta_object (repository_id);
