-- CreateEmojiReactions

CREATE TABLE emoji_reactions (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reactable_type varchar NOT NULL,
    reactable_id bigint NOT NULL,
    reaction varchar NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE UNIQUE INDEX index_emoji_reactions_uniqueness
    ON emoji_reactions (user_id, reactable_type, reactable_id, reaction);
CREATE INDEX index_emoji_reactions_on_reactable ON emoji_reactions (reactable_type, reactable_id);
