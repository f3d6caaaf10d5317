CREATE TABLE `sla_calendars` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`feed_checked_at` integer,
	`feed_error` text,
	`feed_failing_since` integer,
	`created_at` integer NOT NULL,
	`deleted_at` integer
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `sla_calendars_by_name` ON `sla_calendars` (`name`);
--> statement-breakpoint
CREATE TABLE `sla_calendar_versions` (
	`calendar_id` text NOT NULL,
	`version` integer NOT NULL,
	`at` integer NOT NULL,
	`definition` text NOT NULL,
	`hours` text NOT NULL,
	`digest` text NOT NULL,
	`agent_id` text,
	PRIMARY KEY(`calendar_id`, `version`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `sla_calendar_sources` (
	`calendar_id` text NOT NULL,
	`kind` text NOT NULL,
	`url` text,
	`text` text NOT NULL,
	`etag` text,
	`last_modified` text,
	`include_free` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`calendar_id`, `kind`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `sla_books` (
	`revision` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`policies` text NOT NULL,
	`agent_id` text
) STRICT;
--> statement-breakpoint
CREATE TABLE `sla_tickets` (
	`ticket_id` text PRIMARY KEY NOT NULL,
	`number` integer NOT NULL,
	`revision` integer NOT NULL,
	`bound_at` integer NOT NULL,
	`seq` integer NOT NULL,
	`policy_id` text,
	`open` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `sla_tickets_by_policy` ON `sla_tickets` (`policy_id`,`open`,`ticket_id`);
--> statement-breakpoint
CREATE TABLE `sla_assignments` (
	`id` text PRIMARY KEY NOT NULL,
	`ticket_id` text NOT NULL,
	`at` integer NOT NULL,
	`revision` integer NOT NULL,
	`policy_id` text,
	`policy_version` integer,
	`calendar_id` text,
	`targets` text NOT NULL,
	`why` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `sla_assignments_by_ticket` ON `sla_assignments` (`ticket_id`,`at`,`id`);
--> statement-breakpoint
CREATE TABLE `sla_timers` (
	`ticket_id` text NOT NULL,
	`metric` text NOT NULL,
	`cycle` integer NOT NULL,
	`number` integer NOT NULL,
	`policy_id` text,
	`policy_version` integer,
	`calendar_id` text,
	`calendar_version` integer,
	`target_ms` integer NOT NULL,
	`started_at` integer NOT NULL,
	`due_at` integer,
	`state` text NOT NULL,
	`open` integer NOT NULL,
	`consumed_ms` integer NOT NULL,
	`stopped_at` integer,
	`breached_at` integer,
	`detected_at` integer,
	`outcome` text NOT NULL,
	`counted_at` integer NOT NULL,
	`deadline` integer NOT NULL,
	`agent_id` text,
	`team_id` text,
	`inbox_id` text NOT NULL,
	`channel` text NOT NULL,
	PRIMARY KEY(`ticket_id`, `metric`, `cycle`)
) STRICT;
--> statement-breakpoint
CREATE INDEX `sla_timers_by_calendar` ON `sla_timers` (`calendar_id`,`open`,`ticket_id`);
--> statement-breakpoint
CREATE INDEX `sla_timers_by_counted` ON `sla_timers` (`counted_at`,`ticket_id`,`metric`,`cycle`);
--> statement-breakpoint
CREATE TABLE `sla_steps` (
	`ticket_id` text NOT NULL,
	`metric` text NOT NULL,
	`cycle` integer NOT NULL,
	`step` text NOT NULL,
	`deadline` integer NOT NULL,
	`at` integer NOT NULL,
	`fired_at` integer NOT NULL,
	PRIMARY KEY(`ticket_id`, `metric`, `cycle`, `step`, `deadline`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `sla_notices` (
	`id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`ticket_id` text NOT NULL,
	`number` integer NOT NULL,
	`metric` text,
	`cycle` integer,
	`text` text NOT NULL,
	`at` integer NOT NULL,
	`read_at` integer,
	`mailed_at` integer
) STRICT;
--> statement-breakpoint
CREATE INDEX `sla_notices_by_agent` ON `sla_notices` (`agent_id`,`read_at`,`id`);
--> statement-breakpoint
CREATE INDEX `sla_notices_by_read` ON `sla_notices` (`read_at`,`id`);
--> statement-breakpoint
CREATE INDEX `sla_notices_by_ticket` ON `sla_notices` (`ticket_id`);
--> statement-breakpoint
CREATE INDEX `sla_notices_waiting` ON `sla_notices` (`mailed_at`,`agent_id`,`id`);
--> statement-breakpoint
CREATE TABLE `sla_marks` (
	`name` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
) STRICT;
