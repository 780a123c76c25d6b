-- Work packages, journals, attachments, wikis and jobs of 14

CREATE TABLE work_packages (
    id bigserial PRIMARY KEY,
    type_id bigint DEFAULT 0 NOT NULL REFERENCES types (id),
    project_id bigint DEFAULT 0 NOT NULL REFERENCES projects (id),
    subject varchar DEFAULT '' NOT NULL,
    description text,
    due_date date,
    category_id bigint,
    status_id bigint DEFAULT 0 NOT NULL REFERENCES statuses (id),
    assigned_to_id bigint,
    priority_id bigint DEFAULT 0,
    version_id bigint,
    author_id bigint DEFAULT 0 NOT NULL,
    lock_version integer DEFAULT 0 NOT NULL,
    done_ratio integer,
    estimated_hours double precision,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    start_date date,
    responsible_id bigint,
    budget_id bigint,
    position integer,
    story_points integer,
    remaining_hours double precision,
    derived_estimated_hours double precision,
    schedule_manually boolean DEFAULT false,
    parent_id bigint,
    duration integer,
    ignore_non_working_days boolean DEFAULT false NOT NULL,
    derived_remaining_hours double precision,
    derived_done_ratio integer,
    CONSTRAINT work_packages_due_larger_start_date CHECK (due_date >= start_date)
);
CREATE INDEX index_work_packages_on_type_id ON work_packages (type_id);
CREATE INDEX index_work_packages_on_status_id ON work_packages (status_id);
CREATE INDEX index_work_packages_on_author_id ON work_packages (author_id);
CREATE INDEX index_work_packages_on_assigned_to_id ON work_packages (assigned_to_id);
CREATE INDEX index_work_packages_on_parent_id ON work_packages (parent_id);
CREATE INDEX index_work_packages_on_created_at ON work_packages (created_at);
CREATE INDEX index_work_packages_on_updated_at ON work_packages (updated_at);
CREATE INDEX index_work_packages_on_project_id_and_updated_at ON work_packages (project_id, updated_at);

CREATE TABLE relations (
    id bigserial PRIMARY KEY,
    from_id bigint NOT NULL REFERENCES work_packages (id) ON DELETE CASCADE,
    to_id bigint NOT NULL REFERENCES work_packages (id) ON DELETE CASCADE,
    lag integer,
    description text,
    relation_type varchar
);
CREATE INDEX index_relations_on_from_id ON relations (from_id);
CREATE INDEX index_relations_on_to_id ON relations (to_id);

CREATE TABLE journals (
    id bigserial PRIMARY KEY,
    journable_type varchar,
    journable_id bigint,
    user_id bigint DEFAULT 0 NOT NULL,
    notes text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    data_type varchar NOT NULL,
    data_id bigint NOT NULL,
    cause jsonb DEFAULT '{}',
    validity_period tstzrange,
    CONSTRAINT journals_validity_period_not_empty
        CHECK (NOT isempty(validity_period) AND validity_period IS NOT NULL),
    CONSTRAINT non_overlapping_journals_validity_periods
        EXCLUDE USING gist (journable_id WITH =, journable_type WITH =, validity_period WITH &&)
);
CREATE UNIQUE INDEX index_journals_on_journable_type_and_journable_id_and_version
    ON journals (journable_type, journable_id, version);
CREATE INDEX index_journals_on_journable_id ON journals (journable_id);
CREATE INDEX index_journals_on_user_id ON journals (user_id);
CREATE INDEX index_journals_on_created_at ON journals (created_at);
CREATE INDEX index_journals_on_data_id_and_data_type ON journals (data_id, data_type);

CREATE TABLE work_package_journals (
    id bigserial PRIMARY KEY,
    type_id bigint DEFAULT 0 NOT NULL,
    project_id bigint DEFAULT 0 NOT NULL,
    subject varchar DEFAULT '' NOT NULL,
    description text,
    due_date date,
    category_id bigint,
    status_id bigint DEFAULT 0 NOT NULL,
    assigned_to_id bigint,
    priority_id bigint DEFAULT 0 NOT NULL,
    version_id bigint,
    author_id bigint DEFAULT 0 NOT NULL,
    done_ratio integer,
    estimated_hours double precision,
    start_date date,
    parent_id bigint,
    responsible_id bigint,
    budget_id bigint,
    story_points integer,
    remaining_hours double precision,
    derived_estimated_hours double precision,
    schedule_manually boolean,
    duration integer,
    ignore_non_working_days boolean NOT NULL DEFAULT false,
    derived_remaining_hours double precision,
    derived_done_ratio integer
);
CREATE INDEX index_work_package_journals_on_project_id ON work_package_journals (project_id);

CREATE TABLE attachments (
    id bigserial PRIMARY KEY,
    container_id bigint,
    container_type varchar(30),
    filename varchar DEFAULT '' NOT NULL,
    disk_filename varchar DEFAULT '' NOT NULL,
    filesize bigint DEFAULT 0 NOT NULL,
    content_type varchar DEFAULT '',
    digest varchar(40) DEFAULT '' NOT NULL,
    downloads integer DEFAULT 0 NOT NULL,
    author_id bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    description varchar,
    file varchar,
    fulltext text,
    fulltext_tsv tsvector,
    file_tsv tsvector,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    status integer DEFAULT 0 NOT NULL
);
CREATE INDEX index_attachments_on_author_id ON attachments (author_id);
CREATE INDEX index_attachments_on_container_id_and_container_type ON attachments (container_id, container_type);
CREATE INDEX index_attachments_on_created_at ON attachments (created_at);
CREATE INDEX index_attachments_on_fulltext_tsv ON attachments USING gin (fulltext_tsv);
CREATE INDEX index_attachments_on_file_tsv ON attachments USING gin (file_tsv);

CREATE TABLE wikis (
    id bigserial PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    start_page varchar NOT NULL,
    status integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX wikis_project_id ON wikis (project_id);

CREATE TABLE wiki_pages (
    id bigserial PRIMARY KEY,
    wiki_id bigint NOT NULL REFERENCES wikis (id) ON DELETE CASCADE,
    title varchar NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    protected boolean DEFAULT false NOT NULL,
    parent_id bigint,
    slug varchar NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    author_id bigint DEFAULT 0 NOT NULL,
    text text,
    lock_version integer DEFAULT 0 NOT NULL
);
CREATE UNIQUE INDEX wiki_pages_wiki_id_slug ON wiki_pages (wiki_id, slug);

CREATE TABLE good_jobs (
    id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
    queue_name text,
    priority integer,
    serialized_params jsonb,
    scheduled_at timestamp with time zone,
    performed_at timestamp with time zone,
    finished_at timestamp with time zone,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX index_good_jobs_on_scheduled_at ON good_jobs (scheduled_at) WHERE finished_at IS NULL;
