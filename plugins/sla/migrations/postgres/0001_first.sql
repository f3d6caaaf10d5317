CREATE TABLE "sla_calendars" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"version" bigint NOT NULL,
	"feed_checked_at" timestamp(3) with time zone,
	"feed_error" text,
	"feed_failing_since" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone NOT NULL,
	"deleted_at" timestamp(3) with time zone
);

--> statement-breakpoint
CREATE TABLE "sla_calendar_versions" (
	"calendar_id" text NOT NULL,
	"version" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"definition" jsonb NOT NULL,
	"hours" jsonb NOT NULL,
	"digest" text NOT NULL,
	"agent_id" text,
	CONSTRAINT "sla_calendar_versions_calendar_id_version_pk" PRIMARY KEY("calendar_id","version")
);

--> statement-breakpoint
CREATE TABLE "sla_calendar_sources" (
	"calendar_id" text NOT NULL,
	"kind" text NOT NULL,
	"url" text,
	"text" text NOT NULL,
	"etag" text,
	"last_modified" text,
	"include_free" boolean NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "sla_calendar_sources_calendar_id_kind_pk" PRIMARY KEY("calendar_id","kind")
);

--> statement-breakpoint
CREATE TABLE "sla_books" (
	"revision" bigint PRIMARY KEY NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"policies" jsonb NOT NULL,
	"agent_id" text
);

--> statement-breakpoint
CREATE TABLE "sla_tickets" (
	"ticket_id" text PRIMARY KEY NOT NULL,
	"number" bigint NOT NULL,
	"revision" bigint NOT NULL,
	"bound_at" timestamp(3) with time zone NOT NULL,
	"seq" bigint NOT NULL,
	"policy_id" text,
	"open" boolean NOT NULL
);

--> statement-breakpoint
CREATE TABLE "sla_assignments" (
	"id" text PRIMARY KEY NOT NULL,
	"ticket_id" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"revision" bigint NOT NULL,
	"policy_id" text,
	"policy_version" bigint,
	"calendar_id" text,
	"targets" jsonb NOT NULL,
	"why" text NOT NULL
);

--> statement-breakpoint
CREATE TABLE "sla_timers" (
	"ticket_id" text NOT NULL,
	"metric" text NOT NULL,
	"cycle" bigint NOT NULL,
	"number" bigint NOT NULL,
	"policy_id" text,
	"policy_version" bigint,
	"calendar_id" text,
	"calendar_version" bigint,
	"target_ms" bigint NOT NULL,
	"started_at" timestamp(3) with time zone NOT NULL,
	"due_at" timestamp(3) with time zone,
	"state" text NOT NULL,
	"open" boolean NOT NULL,
	"consumed_ms" bigint NOT NULL,
	"stopped_at" timestamp(3) with time zone,
	"breached_at" timestamp(3) with time zone,
	"detected_at" timestamp(3) with time zone,
	"outcome" text NOT NULL,
	"counted_at" timestamp(3) with time zone NOT NULL,
	"deadline" bigint NOT NULL,
	"agent_id" text,
	"team_id" text,
	"inbox_id" text NOT NULL,
	"channel" text NOT NULL,
	CONSTRAINT "sla_timers_ticket_id_metric_cycle_pk" PRIMARY KEY("ticket_id","metric","cycle")
);

--> statement-breakpoint
CREATE TABLE "sla_steps" (
	"ticket_id" text NOT NULL,
	"metric" text NOT NULL,
	"cycle" bigint NOT NULL,
	"step" text NOT NULL,
	"deadline" bigint NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"fired_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "sla_steps_ticket_id_metric_cycle_step_deadline_pk" PRIMARY KEY("ticket_id","metric","cycle","step","deadline")
);

--> statement-breakpoint
CREATE TABLE "sla_notices" (
	"id" text PRIMARY KEY NOT NULL,
	"agent_id" text NOT NULL,
	"ticket_id" text NOT NULL,
	"number" bigint NOT NULL,
	"metric" text,
	"cycle" bigint,
	"text" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"read_at" timestamp(3) with time zone,
	"mailed_at" timestamp(3) with time zone
);

--> statement-breakpoint
CREATE TABLE "sla_marks" (
	"name" text PRIMARY KEY NOT NULL,
	"at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX "sla_calendars_by_name" ON "sla_calendars" USING btree ("name");
--> statement-breakpoint
CREATE INDEX "sla_tickets_by_policy" ON "sla_tickets" USING btree ("policy_id","open","ticket_id");
--> statement-breakpoint
CREATE INDEX "sla_assignments_by_ticket" ON "sla_assignments" USING btree ("ticket_id","at","id");
--> statement-breakpoint
CREATE INDEX "sla_timers_by_calendar" ON "sla_timers" USING btree ("calendar_id","open","ticket_id");
--> statement-breakpoint
CREATE INDEX "sla_timers_by_counted" ON "sla_timers" USING btree ("counted_at","ticket_id","metric","cycle");
--> statement-breakpoint
CREATE INDEX "sla_notices_by_agent" ON "sla_notices" USING btree ("agent_id","read_at","id");
--> statement-breakpoint
CREATE INDEX "sla_notices_by_read" ON "sla_notices" USING btree ("read_at","id");
--> statement-breakpoint
CREATE INDEX "sla_notices_by_ticket" ON "sla_notices" USING btree ("ticket_id");
--> statement-breakpoint
CREATE INDEX "sla_notices_waiting" ON "sla_notices" USING btree ("mailed_at","agent_id","id");
