-- CreateReminders

CREATE TABLE reminders (
    id bigserial PRIMARY KEY,
    remindable_type varchar NOT NULL,
    remindable_id bigint NOT NULL,
    creator_id bigint NOT NULL REFERENCES users (id),
    remind_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    job_id varchar,
    note text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX index_reminders_on_remindable ON reminders (remindable_type, remindable_id);
CREATE INDEX index_reminders_on_creator_id ON reminders (creator_id);
