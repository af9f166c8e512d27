-- SPDX-License-Identifier: Apache-2.0
-- The first schema: organizations, devices and what belongs to them, events.
--
-- One text serves SQLite and PostgreSQL. Words in braces differ and are put in by
-- scripts/embed-migrations; all others are those both databases know. Times are milliseconds since
-- 1970 UTC; booleans are 0 or 1.

CREATE TABLE settings (
	name TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) {strict};

CREATE TABLE organizations (
	id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	created_at {int} NOT NULL
) {strict};

INSERT INTO organizations (id, name, created_at) VALUES ('default', 'default', {now});

CREATE TABLE devices (
	did TEXT NOT NULL PRIMARY KEY,
	organization TEXT NOT NULL REFERENCES organizations (id),
	name TEXT NOT NULL DEFAULT '',
	kind TEXT NOT NULL DEFAULT 'camera',
	sign_policy TEXT NOT NULL DEFAULT 'timestamp',
	serve_sign TEXT NOT NULL DEFAULT '',
	push TEXT NOT NULL DEFAULT '',
	gateway TEXT REFERENCES devices (did) ON DELETE SET NULL,
	is_disabled {int} NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1)),
	profile TEXT NOT NULL DEFAULT '{}',
	created_at {int} NOT NULL,
	updated_at {int} NOT NULL,
	presence_state TEXT NOT NULL DEFAULT 'offline',
	presence_since {int},
	last_seen {int},
	presence_reason TEXT NOT NULL DEFAULT '',
	presence_address TEXT NOT NULL DEFAULT '',
	is_weak_sign {int} NOT NULL DEFAULT 0 CHECK (is_weak_sign IN (0, 1)),
	link_node TEXT,
	link_epoch {int} NOT NULL DEFAULT 0,
	last_timestamp {int} NOT NULL DEFAULT 0
) {strict};

CREATE INDEX devices_by_organization ON devices (organization, did);
CREATE INDEX devices_by_gateway ON devices (gateway, did) WHERE gateway IS NOT NULL;

CREATE TABLE credentials (
	organization TEXT NOT NULL REFERENCES organizations (id),
	did TEXT NOT NULL REFERENCES devices (did) ON DELETE CASCADE,
	kind TEXT NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	sealed {blob},
	hash {blob},
	created_at {int} NOT NULL,
	expires_at {int},
	PRIMARY KEY (did, kind, name)
) {strict};

CREATE INDEX credentials_by_hash ON credentials (hash) WHERE hash IS NOT NULL;
CREATE INDEX credentials_by_expiry ON credentials (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tokens (
	hash {blob} NOT NULL PRIMARY KEY,
	kind {int} NOT NULL,
	organization TEXT NOT NULL REFERENCES organizations (id),
	did TEXT REFERENCES devices (did) ON DELETE CASCADE,
	created_at {int} NOT NULL,
	expires_at {int},
	note TEXT NOT NULL DEFAULT ''
) {strict};

CREATE INDEX tokens_by_did ON tokens (did) WHERE did IS NOT NULL;
CREATE INDEX tokens_by_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE presets (
	did TEXT NOT NULL REFERENCES devices (did) ON DELETE CASCADE,
	preset_index {int} NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (did, preset_index)
) {strict};

-- An event outlives its device, so nothing here refers to other tables. The cursor is NULL until
-- the sealer numbers the row.
CREATE TABLE events (
	id {id},
	cursor {int},
	organization TEXT NOT NULL,
	did TEXT,
	type TEXT NOT NULL,
	time {int} NOT NULL,
	data TEXT NOT NULL DEFAULT '{}',
	day {int} NOT NULL
) {strict};

-- A new row is in one small index only; the others get it when it is sealed.
CREATE INDEX events_unsealed ON events (id) WHERE cursor IS NULL;
CREATE INDEX events_by_organization ON events (organization, cursor) WHERE cursor IS NOT NULL;
CREATE INDEX events_by_did ON events (organization, did, cursor) WHERE cursor IS NOT NULL;
CREATE INDEX events_by_type ON events (organization, type, cursor) WHERE cursor IS NOT NULL;
