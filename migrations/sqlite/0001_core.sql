CREATE TABLE `contacts` (
	`id` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`name` text NOT NULL,
	`language` text,
	`notes` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `contacts_by_name` ON `contacts` (`name`,`id`);
--> statement-breakpoint
CREATE TABLE `identities` (
	`id` text PRIMARY KEY NOT NULL,
	`contact_id` text NOT NULL,
	`kind` text NOT NULL,
	`value` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `identities_by_value` ON `identities` (`kind`,`value`);
--> statement-breakpoint
CREATE INDEX `identities_by_contact` ON `identities` (`contact_id`);
--> statement-breakpoint
CREATE TABLE `roles` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`permissions` text NOT NULL,
	`all_inboxes` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `roles_name_unique` ON `roles` (`name`);
--> statement-breakpoint
CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`role_id` text NOT NULL,
	`password_hash` text,
	`active` integer NOT NULL,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `agents_email_unique` ON `agents` (`email`);
--> statement-breakpoint
CREATE TABLE `teams` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `teams_name_unique` ON `teams` (`name`);
--> statement-breakpoint
CREATE TABLE `team_members` (
	`team_id` text NOT NULL,
	`agent_id` text NOT NULL,
	PRIMARY KEY(`team_id`, `agent_id`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `team_members_by_agent` ON `team_members` (`agent_id`);
--> statement-breakpoint
CREATE TABLE `team_inboxes` (
	`team_id` text NOT NULL,
	`inbox_id` text NOT NULL,
	PRIMARY KEY(`team_id`, `inbox_id`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`agent_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_hash_unique` ON `tokens` (`hash`);
--> statement-breakpoint
CREATE INDEX `tokens_by_agent` ON `tokens` (`agent_id`);
--> statement-breakpoint
CREATE INDEX `tokens_by_expiry` ON `tokens` (`expires_at`);
--> statement-breakpoint
CREATE TABLE `limits` (
	`key` text PRIMARY KEY NOT NULL,
	`left` real NOT NULL,
	`at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `limits_by_at` ON `limits` (`at`);
--> statement-breakpoint
CREATE TABLE `inboxes` (
	`id` text PRIMARY KEY NOT NULL,
	`address` text NOT NULL,
	`name` text NOT NULL,
	`group` text NOT NULL,
	`options` text NOT NULL,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `inboxes_address_unique` ON `inboxes` (`address`);
--> statement-breakpoint
CREATE TABLE `intakes` (
	`id` text PRIMARY KEY NOT NULL,
	`channel` text NOT NULL,
	`address` text NOT NULL,
	`inbox_id` text,
	`group` text NOT NULL,
	`digest` text NOT NULL,
	`head_digest` text,
	`raw_hash` text NOT NULL,
	`size` integer NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`sender` text,
	`subject` text,
	`ticket_id` text,
	`message_id` text,
	`duplicate_of` text,
	`copies` integer NOT NULL,
	`attempts` integer NOT NULL,
	`trace` text NOT NULL,
	`received_at` integer NOT NULL,
	`finished_at` integer
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `intakes_once` ON `intakes` (`address`,`digest`);
--> statement-breakpoint
CREATE INDEX `intakes_by_head` ON `intakes` (`group`,`head_digest`);
--> statement-breakpoint
CREATE INDEX `intakes_by_state` ON `intakes` (`state`,`id`);
--> statement-breakpoint
CREATE INDEX `intakes_by_inbox` ON `intakes` (`inbox_id`,`id`);
--> statement-breakpoint
CREATE TABLE `suppressions` (
	`address` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`message_id` text,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `tickets` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`version` integer NOT NULL,
	`subject` text NOT NULL,
	`status` text NOT NULL,
	`priority` text NOT NULL,
	`channel` text NOT NULL,
	`inbox_id` text NOT NULL,
	`requester_id` text NOT NULL,
	`assignee_id` text,
	`team_id` text,
	`tags` text NOT NULL,
	`merged_into_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_message_at` integer,
	`last_public_message_id` text,
	`solved_at` integer,
	`closed_at` integer
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tickets_id_unique` ON `tickets` (`id`);
--> statement-breakpoint
CREATE INDEX `tickets_by_status` ON `tickets` (`status`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_inbox` ON `tickets` (`inbox_id`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_team` ON `tickets` (`team_id`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_assignee` ON `tickets` (`assignee_id`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_requester` ON `tickets` (`requester_id`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_priority` ON `tickets` (`priority`,`number`);
--> statement-breakpoint
CREATE INDEX `tickets_by_update` ON `tickets` (`updated_at`,`number`);
--> statement-breakpoint
CREATE TABLE `ticket_inboxes` (
	`ticket_id` text NOT NULL,
	`inbox_id` text NOT NULL,
	PRIMARY KEY(`ticket_id`, `inbox_id`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `ticket_tags` (
	`tag` text NOT NULL,
	`number` integer NOT NULL,
	PRIMARY KEY(`tag`, `number`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `ticket_fields` (
	`ticket_id` text NOT NULL,
	`field` text NOT NULL,
	`value` text NOT NULL,
	`number` integer NOT NULL,
	PRIMARY KEY(`ticket_id`, `field`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `ticket_fields_by_value` ON `ticket_fields` (`field`,`value`,`number`);
--> statement-breakpoint
CREATE TABLE `ticket_stages` (
	`ticket_id` text NOT NULL,
	`workflow` text NOT NULL,
	`stage` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`ticket_id`, `workflow`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `ticket_words` (
	`word` text NOT NULL,
	`number` integer NOT NULL,
	PRIMARY KEY(`word`, `number`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `ticket_links` (
	`ticket_id` text NOT NULL,
	`other_id` text NOT NULL,
	`kind` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`ticket_id`, `other_id`, `kind`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `ticket_links_by_other` ON `ticket_links` (`other_id`);
--> statement-breakpoint
CREATE TABLE `participants` (
	`ticket_id` text NOT NULL,
	`contact_id` text NOT NULL,
	`role` text NOT NULL,
	PRIMARY KEY(`ticket_id`, `contact_id`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `participants_by_contact` ON `participants` (`contact_id`,`ticket_id`);
--> statement-breakpoint
CREATE TABLE `messages` (
	`id` text PRIMARY KEY NOT NULL,
	`ticket_id` text NOT NULL,
	`direction` text NOT NULL,
	`channel` text NOT NULL,
	`contact_id` text,
	`agent_id` text,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`html` text NOT NULL,
	`folded` text NOT NULL,
	`from` text,
	`to` text NOT NULL,
	`cc` text NOT NULL,
	`message_id` text,
	`date` integer,
	`automatic` text,
	`warnings` text NOT NULL,
	`intake_id` text,
	`delivery` text,
	`send_at` integer,
	`sent_at` integer,
	`error` text,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `messages_by_ticket` ON `messages` (`ticket_id`,`id`);
--> statement-breakpoint
CREATE TABLE `message_ids` (
	`scope` text NOT NULL,
	`hash` text NOT NULL,
	`message_id` text NOT NULL,
	PRIMARY KEY(`scope`, `hash`, `message_id`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `attachments` (
	`id` text PRIMARY KEY NOT NULL,
	`message_id` text,
	`agent_id` text,
	`filename` text NOT NULL,
	`content_type` text NOT NULL,
	`size` integer NOT NULL,
	`hash` text NOT NULL,
	`content_id` text,
	`inline` integer NOT NULL,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `attachments_by_message` ON `attachments` (`message_id`);
--> statement-breakpoint
CREATE INDEX `attachments_by_hash` ON `attachments` (`hash`);
--> statement-breakpoint
CREATE TABLE `timeline` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`ticket_id` text NOT NULL,
	`at` integer NOT NULL,
	`type` text NOT NULL,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`message_id` text,
	`data` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `timeline_by_ticket` ON `timeline` (`ticket_id`,`seq`);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`key` text,
	`data` text NOT NULL,
	`run_at` integer NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`lease_until` integer,
	`lease` text,
	`error` text,
	`crashes` integer,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_by_key` ON `jobs` (`name`,`key`);
--> statement-breakpoint
CREATE INDEX `jobs_by_time` ON `jobs` (`state`,`run_at`,`id`);
--> statement-breakpoint
CREATE INDEX `jobs_by_crashes` ON `jobs` (`crashes`,`run_at`) WHERE crashes is not null;
--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text
) STRICT;
--> statement-breakpoint
CREATE TABLE `idempotency` (
	`agent_id` text NOT NULL,
	`key` text NOT NULL,
	`request` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`agent_id`, `key`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `idempotency_by_age` ON `idempotency` (`created_at`);
--> statement-breakpoint
CREATE TABLE `plugins` (
	`name` text PRIMARY KEY NOT NULL,
	`version` text NOT NULL,
	`tables` text NOT NULL,
	`installed_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `plugin_faults` (
	`plugin` text NOT NULL,
	`handler` text NOT NULL,
	`reason` text NOT NULL,
	`deaths` integer NOT NULL,
	`off` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`plugin`, `handler`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `notices` (
	`plugin` text NOT NULL,
	`key` text NOT NULL,
	`level` text NOT NULL,
	`text` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`plugin`, `key`)
) STRICT;
