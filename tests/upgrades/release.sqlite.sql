BEGIN TRANSACTION;
CREATE TABLE active_days (
	day INTEGER NOT NULL, 
	active_1 INTEGER NOT NULL, 
	active_7 INTEGER NOT NULL, 
	active_30 INTEGER NOT NULL, 
	CONSTRAINT pk_active_days PRIMARY KEY (day)
);
INSERT INTO "active_days" VALUES(1,1,1,1);
INSERT INTO "active_days" VALUES(2,2,2,2);
CREATE TABLE activity_slots (
	slot INTEGER NOT NULL, 
	signups INTEGER NOT NULL, 
	questions INTEGER NOT NULL, 
	CONSTRAINT pk_activity_slots PRIMARY KEY (slot)
)
 WITHOUT ROWID

;
INSERT INTO "activity_slots" VALUES(1,1,1);
INSERT INTO "activity_slots" VALUES(2,2,2);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE audit_events (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor_id INTEGER, 
	act VARCHAR(40) NOT NULL, 
	subject_id INTEGER, 
	target VARCHAR(80) NOT NULL, 
	detail JSON NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit_events PRIMARY KEY (id)
);
INSERT INTO "audit_events" VALUES(1,'2026-03-01 09:00:00.000000',1,'act 1 – ünï',1,'target 1 – ünï','{"kept": 0}','hash 1 – ünï');
INSERT INTO "audit_events" VALUES(2,'2026-03-01 09:01:00.000000',2,'act 2 – ünï',2,'target 2 – ünï','{"kept": 1}','hash 2 – ünï');
CREATE TABLE cohort_weeks (
	week INTEGER NOT NULL, 
	cohort INTEGER NOT NULL, 
	active INTEGER NOT NULL, 
	CONSTRAINT pk_cohort_weeks PRIMARY KEY (week, cohort)
)
 WITHOUT ROWID

;
INSERT INTO "cohort_weeks" VALUES(1,1,1);
INSERT INTO "cohort_weeks" VALUES(2,2,2);
CREATE TABLE conversations (
	id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	title VARCHAR(120) NOT NULL, 
	pinned BOOLEAN NOT NULL, 
	settings JSON NOT NULL, 
	head_id VARCHAR(26), 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, message_count INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "conversations" VALUES('01JNN000000000000000000001',1,'title 1 – ünï',1,'{"temperature": 0.5}',NULL,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',NULL,2);
INSERT INTO "conversations" VALUES('01JNN000000000000000000002',2,'title 2 – ünï',0,'{"temperature": 0.5}',NULL,'2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000',NULL,2);
CREATE TABLE devices (
	id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	address VARCHAR(45) NOT NULL, 
	user_agent VARCHAR(300) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	revoked_at DATETIME, idle_seconds INTEGER DEFAULT '0' NOT NULL, confirmed_at DATETIME, method VARCHAR(20) DEFAULT 'password' NOT NULL, 
	CONSTRAINT pk_devices PRIMARY KEY (id), 
	CONSTRAINT fk_devices_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_devices_token_hash UNIQUE (token_hash)
);
INSERT INTO "devices" VALUES('01JNN000000000000000000001',1,'token_hash 1 – ünï','address 1 – ünï','user_agent 1 – ünï','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',1,'2026-03-01 09:00:00.000000','method 1 – ünï');
INSERT INTO "devices" VALUES('01JNN000000000000000000002',2,'token_hash 2 – ünï','address 2 – ünï','user_agent 2 – ünï','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000',2,'2026-03-01 09:01:00.000000','method 2 – ünï');
CREATE TABLE error_slots (
	slot INTEGER NOT NULL, 
	code VARCHAR(30) NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_error_slots PRIMARY KEY (slot, code)
)
 WITHOUT ROWID

;
INSERT INTO "error_slots" VALUES(1,'code 1 – ünï',1);
INSERT INTO "error_slots" VALUES(2,'code 2 – ünï',2);
CREATE TABLE "feedback" (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	opinion VARCHAR(2000) NOT NULL, 
	category VARCHAR(20) NOT NULL, 
	rating SMALLINT, 
	created_at DATETIME NOT NULL, 
	state VARCHAR(10) DEFAULT 'new' NOT NULL, 
	answer VARCHAR(2000), 
	answered_at DATETIME, 
	answer_read_at DATETIME, 
	answered_by INTEGER, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_feedback_answered_by_users FOREIGN KEY(answered_by) REFERENCES users (id) ON DELETE SET NULL
);
INSERT INTO "feedback" VALUES(1,1,'opinion 1 – ünï','idea',4,'2026-03-01 09:00:00.000000','new','answer 1 – ünï','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',1);
INSERT INTO "feedback" VALUES(2,2,'opinion 2 – ünï','idea',4,'2026-03-01 09:01:00.000000','new','answer 2 – ünï','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000',2);
CREATE TABLE feedback_slots (
	slot INTEGER NOT NULL, 
	category VARCHAR(20) NOT NULL, 
	count INTEGER NOT NULL, 
	rated INTEGER NOT NULL, 
	rating_sum INTEGER NOT NULL, 
	CONSTRAINT pk_feedback_slots PRIMARY KEY (slot, category)
)
 WITHOUT ROWID

;
INSERT INTO "feedback_slots" VALUES(1,'category 1 – ünï',1,1,1);
INSERT INTO "feedback_slots" VALUES(2,'category 2 – ünï',2,2,2);
CREATE TABLE invites (
	id VARCHAR(26) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	note VARCHAR(200) NOT NULL, 
	created_by INTEGER, 
	max_uses INTEGER NOT NULL, 
	uses INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_invites PRIMARY KEY (id), 
	CONSTRAINT fk_invites_created_by_users FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT uq_invites_token_hash UNIQUE (token_hash)
);
INSERT INTO "invites" VALUES('01JNN000000000000000000001','token_hash 1 – ünï','note 1 – ünï',1,1,1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000');
INSERT INTO "invites" VALUES('01JNN000000000000000000002','token_hash 2 – ünï','note 2 – ünï',2,2,2,'2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000');
CREATE TABLE login_failures (
	"key" VARCHAR(64) NOT NULL, 
	count INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	blocked_until DATETIME, 
	CONSTRAINT pk_login_failures PRIMARY KEY ("key")
);
INSERT INTO "login_failures" VALUES('key 1 – ünï',1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000');
INSERT INTO "login_failures" VALUES('key 2 – ünï',2,'2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000');
CREATE TABLE message_ratings (
	message_id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	rating SMALLINT NOT NULL, 
	reasons JSON NOT NULL, 
	comment VARCHAR(1000) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_message_ratings PRIMARY KEY (message_id), 
	CONSTRAINT fk_message_ratings_message_id_messages FOREIGN KEY(message_id) REFERENCES messages (id) ON DELETE CASCADE, 
	CONSTRAINT fk_message_ratings_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "message_ratings" VALUES('01JNN000000000000000000012',1,1,'["clear"]','comment 1 – ünï','2026-03-01 09:00:00.000000');
CREATE TABLE messages (
	id VARCHAR(26) NOT NULL, 
	conversation_id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	parent_id VARCHAR(26), 
	ordinal INTEGER NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	text TEXT NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	client_id VARCHAR(64), 
	seq INTEGER NOT NULL, 
	piece_lengths TEXT NOT NULL, 
	model VARCHAR(200), 
	finish_reason VARCHAR(12), 
	error_code VARCHAR(30), 
	error_text VARCHAR(500), 
	prompt_tokens INTEGER, 
	cached_tokens INTEGER, 
	completion_tokens INTEGER, 
	queue_ms INTEGER, 
	first_token_ms INTEGER, 
	total_ms INTEGER, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_parent_id_messages FOREIGN KEY(parent_id) REFERENCES messages (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_messages_conversation_id_ordinal UNIQUE (conversation_id, ordinal), 
	CONSTRAINT uq_messages_user_id_client_id UNIQUE (user_id, client_id)
);
INSERT INTO "messages" VALUES('01JNN000000000000000000011','01JNN000000000000000000001',1,NULL,0,'user','What is “é”?','complete','c1',0,'',NULL,NULL,NULL,NULL,1,1,1,1,1,1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000');
INSERT INTO "messages" VALUES('01JNN000000000000000000012','01JNN000000000000000000001',1,'01JNN000000000000000000011',1,'assistant','A letter.
With an accent.','complete',NULL,2,'10,15','echo-mini','stop',NULL,NULL,1,1,1,1,1,1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000');
CREATE TABLE model_settings (
	name VARCHAR(64) NOT NULL, 
	least_role VARCHAR(20) NOT NULL, 
	help BOOLEAN NOT NULL, 
	system_prompt VARCHAR(2000), 
	sampling JSON NOT NULL, 
	context_length INTEGER, 
	template TEXT, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_model_settings PRIMARY KEY (name)
);
INSERT INTO "model_settings" VALUES('name 1 – ünï','least_role 1 – ünï',1,'system_prompt 1 – ünï','{"kept": 0}',1,'template 1 – ünï','2026-03-01 09:00:00.000000');
INSERT INTO "model_settings" VALUES('name 2 – ünï','least_role 2 – ünï',0,'system_prompt 2 – ünï','{"kept": 1}',2,'template 2 – ünï','2026-03-01 09:01:00.000000');
CREATE TABLE one_time_links (
	id VARCHAR(26) NOT NULL, 
	purpose VARCHAR(30) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	user_id INTEGER, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, email VARCHAR(254), 
	CONSTRAINT pk_one_time_links PRIMARY KEY (id), 
	CONSTRAINT fk_one_time_links_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_one_time_links_token_hash UNIQUE (token_hash)
);
INSERT INTO "one_time_links" VALUES('01JNN000000000000000000001','purpose 1 – ünï','token_hash 1 – ünï',1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','email 1 – ünï');
INSERT INTO "one_time_links" VALUES('01JNN000000000000000000002','purpose 2 – ünï','token_hash 2 – ünï',2,'2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000','email 2 – ünï');
CREATE TABLE passkeys (
	id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	credential_id VARCHAR(1400) NOT NULL, 
	public_key BLOB NOT NULL, 
	sign_count INTEGER NOT NULL, 
	backed_up BOOLEAN NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	CONSTRAINT pk_passkeys PRIMARY KEY (id), 
	CONSTRAINT fk_passkeys_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id)
);
INSERT INTO "passkeys" VALUES('01JNN000000000000000000001',1,'credential_id 1 – ünï',X'89504E470D0A00',1,1,'name 1 – ünï','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000');
INSERT INTO "passkeys" VALUES('01JNN000000000000000000002',2,'credential_id 2 – ünï',X'89504E470D0A01',2,0,'name 2 – ünï','2026-03-01 09:01:00.000000','2026-03-01 09:01:00.000000');
CREATE TABLE pictures (
	id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	content BLOB NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_pictures PRIMARY KEY (id), 
	CONSTRAINT fk_pictures_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_pictures_user_id UNIQUE (user_id)
);
INSERT INTO "pictures" VALUES('01JNN000000000000000000001',1,X'89504E470D0A00',1,'2026-03-01 09:00:00.000000');
INSERT INTO "pictures" VALUES('01JNN000000000000000000002',2,X'89504E470D0A01',2,'2026-03-01 09:01:00.000000');
CREATE TABLE recovery_codes (
	id VARCHAR(26) NOT NULL, 
	user_id INTEGER NOT NULL, 
	code_hash VARCHAR(64) NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT pk_recovery_codes PRIMARY KEY (id), 
	CONSTRAINT fk_recovery_codes_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "recovery_codes" VALUES('01JNN000000000000000000001',1,'code_hash 1 – ünï','2026-03-01 09:00:00.000000');
INSERT INTO "recovery_codes" VALUES('01JNN000000000000000000002',2,'code_hash 2 – ünï','2026-03-01 09:01:00.000000');
CREATE TABLE reply_slots (
	slot INTEGER NOT NULL, 
	model VARCHAR(200) NOT NULL, 
	replies INTEGER NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	complete INTEGER NOT NULL, 
	length INTEGER NOT NULL, 
	stopped INTEGER NOT NULL, 
	interrupted INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	liked INTEGER NOT NULL, 
	disliked INTEGER NOT NULL, 
	CONSTRAINT pk_reply_slots PRIMARY KEY (slot, model)
)
 WITHOUT ROWID

;
INSERT INTO "reply_slots" VALUES(1,'model 1 – ünï',1,1,1,1,1,1,1,1,1,1);
INSERT INTO "reply_slots" VALUES(2,'model 2 – ünï',2,2,2,2,2,2,2,2,2,2);
CREATE TABLE roles (
	id INTEGER NOT NULL, 
	name VARCHAR(20) NOT NULL, 
	description VARCHAR(200) NOT NULL, 
	daily_messages INTEGER, 
	daily_tokens INTEGER, 
	CONSTRAINT pk_roles PRIMARY KEY (id), 
	CONSTRAINT uq_roles_name UNIQUE (name)
);
INSERT INTO "roles" VALUES(1,'user','Chats.',NULL,NULL);
INSERT INTO "roles" VALUES(2,'analyst','Chats, and reads the charts.',NULL,NULL);
INSERT INTO "roles" VALUES(3,'admin','Also sees and edits people and feedback.',NULL,NULL);
INSERT INTO "roles" VALUES(4,'super_admin','Also gives roles and takes backups.',NULL,NULL);
CREATE TABLE site_settings (
	name VARCHAR(40) NOT NULL, 
	value JSON NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_site_settings PRIMARY KEY (name)
);
INSERT INTO "site_settings" VALUES('name 1 – ünï','{"kept": 0}','2026-03-01 09:00:00.000000');
INSERT INTO "site_settings" VALUES('name 2 – ünï','{"kept": 1}','2026-03-01 09:01:00.000000');
CREATE TABLE stale_days (
	day INTEGER NOT NULL, 
	mark INTEGER NOT NULL, 
	CONSTRAINT pk_stale_days PRIMARY KEY (day)
);
INSERT INTO "stale_days" VALUES(1,1);
INSERT INTO "stale_days" VALUES(2,2);
CREATE TABLE timing_spans (
	step VARCHAR(5) NOT NULL, 
	day INTEGER NOT NULL, 
	model VARCHAR(200) NOT NULL, 
	measure VARCHAR(20) NOT NULL, 
	bucket INTEGER NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_timing_spans PRIMARY KEY (step, day, model, measure, bucket)
)
 WITHOUT ROWID

;
INSERT INTO "timing_spans" VALUES('step ',1,'model 1 – ünï','measure 1 – ünï',1,1);
INSERT INTO "timing_spans" VALUES('step ',2,'model 2 – ünï','measure 2 – ünï',2,2);
CREATE TABLE user_days (
	day INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	questions INTEGER NOT NULL, 
	characters INTEGER NOT NULL, 
	replies INTEGER NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	CONSTRAINT pk_user_days PRIMARY KEY (day, user_id), 
	CONSTRAINT fk_user_days_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "user_days" VALUES(1,1,1,1,1,1,1);
INSERT INTO "user_days" VALUES(2,2,2,2,2,2,2);
CREATE TABLE user_totals (
	user_id INTEGER NOT NULL, 
	questions INTEGER NOT NULL, 
	characters INTEGER NOT NULL, 
	replies INTEGER NOT NULL, 
	tokens INTEGER NOT NULL, 
	CONSTRAINT pk_user_totals PRIMARY KEY (user_id), 
	CONSTRAINT fk_user_totals_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "user_totals" VALUES(1,1,1,1,1);
INSERT INTO "user_totals" VALUES(2,2,2,2,2);
CREATE TABLE users (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	username VARCHAR(30) NOT NULL, 
	username_key VARCHAR(30) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	email_key VARCHAR(254) NOT NULL, 
	password_hash VARCHAR(100), 
	google_sub VARCHAR(255), 
	role_id INTEGER NOT NULL, 
	active BOOLEAN NOT NULL, 
	in_ranking BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	last_seen_at DATETIME, email_verified_at DATETIME, totp_secret VARCHAR(200), totp_last_step INTEGER, retention_days INTEGER, may_train BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_users_role_id_roles FOREIGN KEY(role_id) REFERENCES roles (id), 
	CONSTRAINT uq_users_email_key UNIQUE (email_key), 
	CONSTRAINT uq_users_google_sub UNIQUE (google_sub), 
	CONSTRAINT uq_users_username_key UNIQUE (username_key)
);
INSERT INTO "users" VALUES(1,'ada','ada','Ada@Example.org','ada@example.org','$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e',NULL,4,1,1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',NULL,NULL,NULL,NULL,1);
INSERT INTO "users" VALUES(2,'joerg','joerg','joerg@müller.de','joerg@müller.de','$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e',NULL,1,1,1,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',NULL,NULL,NULL,NULL,0);
INSERT INTO "users" VALUES(3,'grace','grace','grace@example.org','grace@example.org','$2b$12$C6UzMDM.H6dfI/f/IKcEeO7r1c9dP1a8Wk4cH5xkV0yq3oJ1b2n3e',NULL,2,1,0,'2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000','2026-03-01 09:00:00.000000',NULL,NULL,NULL,NULL,0);
CREATE INDEX ix_users_created_at ON users (created_at);
CREATE INDEX ix_users_last_seen_at ON users (last_seen_at);
CREATE INDEX ix_users_role_id ON users (role_id);
CREATE INDEX ix_conversations_deleted_at ON conversations (deleted_at);
CREATE INDEX ix_conversations_owner_recent ON conversations (user_id, deleted_at, updated_at);
CREATE INDEX ix_conversations_user_id ON conversations (user_id);
CREATE INDEX ix_devices_user_id ON devices (user_id);
CREATE INDEX ix_one_time_links_purpose ON one_time_links (purpose);
CREATE INDEX ix_messages_created_at ON messages (created_at);
CREATE INDEX ix_messages_parent_id ON messages (parent_id);
CREATE INDEX ix_message_ratings_created_at ON message_ratings (created_at);
CREATE INDEX ix_message_ratings_user_id ON message_ratings (user_id);
CREATE INDEX ix_audit_events_act ON audit_events (act);
CREATE INDEX ix_audit_events_actor_id ON audit_events (actor_id);
CREATE INDEX ix_audit_events_at ON audit_events (at);
CREATE INDEX ix_audit_events_subject_id ON audit_events (subject_id);
CREATE INDEX ix_login_failures_last_at ON login_failures (last_at);
CREATE INDEX ix_invites_created_at ON invites (created_at);
CREATE INDEX ix_passkeys_user_id ON passkeys (user_id);
CREATE INDEX ix_pictures_created_at ON pictures (created_at);
CREATE INDEX ix_recovery_codes_user_id ON recovery_codes (user_id);
CREATE INDEX ix_devices_expires_at ON devices (expires_at);
CREATE INDEX ix_conversations_message_count_created_at ON conversations (message_count, created_at);
CREATE INDEX ix_messages_user_id_created_at ON messages (user_id, created_at);
CREATE INDEX ix_user_days_user_id_day ON user_days (user_id, day);
CREATE INDEX ix_user_totals_characters_questions ON user_totals (characters, questions);
CREATE INDEX ix_user_totals_questions ON user_totals (questions);
CREATE INDEX ix_feedback_user_id ON feedback (user_id);
CREATE INDEX ix_feedback_created_at ON feedback (created_at);
CREATE INDEX ix_feedback_category ON feedback (category);
CREATE INDEX ix_feedback_state ON feedback (state);
CREATE INDEX ix_feedback_answered_by ON feedback (answered_by);
CREATE INDEX ix_conversations_created_at ON conversations (created_at);
CREATE INDEX ix_conversations_updated_at ON conversations (updated_at);
CREATE INDEX ix_messages_status_created_at ON messages (status, created_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',3);
COMMIT;
