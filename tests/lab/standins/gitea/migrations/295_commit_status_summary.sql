-- Add commit status summary table
CREATE TABLE commit_status_summary (
    id bigserial PRIMARY KEY,
    repo_id bigint,
    sha varchar(64) NOT NULL,
    state varchar(7) NOT NULL
);
CREATE UNIQUE INDEX "UQE_commit_status_summary_repo_id_sha" ON commit_status_summary (repo_id, sha);
CREATE INDEX "IDX_commit_status_summary_repo_id" ON commit_status_summary (repo_id);
CREATE INDEX "IDX_commit_status_summary_sha" ON commit_status_summary (sha);
