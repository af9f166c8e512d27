-- SPDX-License-Identifier: Apache-2.0
-- Stills and uploads: a row names an object of the blob store.
--
-- A row without a did is doomed: nobody sees it, its object is removed, then the row itself. So a
-- removed device's files go by themselves, and a crash between the two steps leaves nothing behind.

CREATE TABLE files (
	id TEXT NOT NULL PRIMARY KEY,
	organization TEXT NOT NULL REFERENCES organizations (id),
	did TEXT REFERENCES devices (did) ON DELETE SET NULL,
	kind {int} NOT NULL,
	name TEXT NOT NULL,
	bytes {int} NOT NULL,
	width {int} NOT NULL DEFAULT 0,
	height {int} NOT NULL DEFAULT 0,
	time {int} NOT NULL,
	expires_at {int}
) {strict};

CREATE UNIQUE INDEX files_by_name ON files (did, kind, name) WHERE did IS NOT NULL;
CREATE INDEX files_by_time ON files (did, kind, time, id) WHERE did IS NOT NULL;
CREATE INDEX files_by_moment ON files (organization, time) WHERE did IS NOT NULL;
CREATE INDEX files_by_expiry ON files (expires_at) WHERE did IS NOT NULL AND expires_at IS NOT NULL;
CREATE INDEX files_doomed ON files (id) WHERE did IS NULL;

-- An action's token that has brought its file. Kept until it would have ended anyway.
CREATE TABLE spent_grants (
	token TEXT NOT NULL PRIMARY KEY,
	expires_at {int} NOT NULL
) {strict};

CREATE INDEX spent_grants_by_expiry ON spent_grants (expires_at);
