-- Add user_blocking table
CREATE TABLE user_blocking (
    id bigserial PRIMARY KEY,
    blocker_id bigint,
    blockee_id bigint,
    note varchar(255),
    created_unix bigint
);
CREATE UNIQUE INDEX "UQE_user_blocking_block" ON user_blocking (blocker_id, blockee_id);
CREATE INDEX "IDX_user_blocking_created_unix" ON user_blocking (created_unix);
