-- Add auth_token table
CREATE TABLE auth_token (
    id varchar(255) PRIMARY KEY,
    token_hash varchar(255),
    user_id bigint,
    expires_unix bigint
);
CREATE INDEX "IDX_auth_token_user_id" ON auth_token (user_id);
CREATE INDEX "IDX_auth_token_expires_unix" ON auth_token (expires_unix);
