-- Move PinOrder from issue table to a new table issue_pin
CREATE TABLE issue_pin (
    id bigserial PRIMARY KEY,
    repo_id bigint NOT NULL,
    issue_id bigint NOT NULL,
    is_pull boolean NOT NULL,
    pin_order integer DEFAULT 0
);
CREATE UNIQUE INDEX "UQE_issue_pin_s" ON issue_pin (repo_id, issue_id);
INSERT INTO issue_pin (repo_id, issue_id, is_pull, pin_order)
    SELECT repo_id, id, coalesce(is_pull, false), pin_order FROM issue WHERE pin_order > 0;
ALTER TABLE issue DROP COLUMN pin_order;
