CREATE TABLE "contacts" (
	"id" text PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"name" text NOT NULL,
	"language" text,
	"notes" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "identities" (
	"id" text PRIMARY KEY NOT NULL,
	"contact_id" text NOT NULL,
	"kind" text NOT NULL,
	"value" text NOT NULL
);

--> statement-breakpoint
CREATE TABLE "roles" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"permissions" jsonb NOT NULL,
	"all_inboxes" boolean NOT NULL,
	CONSTRAINT "roles_name_unique" UNIQUE("name")
);

--> statement-breakpoint
CREATE TABLE "agents" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"role_id" text NOT NULL,
	"password_hash" text,
	"active" boolean NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "agents_email_unique" UNIQUE("email")
);

--> statement-breakpoint
CREATE TABLE "teams" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "teams_name_unique" UNIQUE("name")
);

--> statement-breakpoint
CREATE TABLE "team_members" (
	"team_id" text NOT NULL,
	"agent_id" text NOT NULL,
	CONSTRAINT "team_members_team_id_agent_id_pk" PRIMARY KEY("team_id","agent_id")
);

--> statement-breakpoint
CREATE TABLE "team_inboxes" (
	"team_id" text NOT NULL,
	"inbox_id" text NOT NULL,
	CONSTRAINT "team_inboxes_team_id_inbox_id_pk" PRIMARY KEY("team_id","inbox_id")
);

--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"agent_id" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "tokens_hash_unique" UNIQUE("hash")
);

--> statement-breakpoint
CREATE TABLE "limits" (
	"key" text PRIMARY KEY NOT NULL,
	"left" double precision NOT NULL,
	"at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "inboxes" (
	"id" text PRIMARY KEY NOT NULL,
	"address" text NOT NULL,
	"name" text NOT NULL,
	"group" text NOT NULL,
	"options" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "inboxes_address_unique" UNIQUE("address")
);

--> statement-breakpoint
CREATE TABLE "intakes" (
	"id" text PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"address" text NOT NULL,
	"inbox_id" text,
	"group" text NOT NULL,
	"digest" text NOT NULL,
	"head_digest" text,
	"raw_hash" text NOT NULL,
	"size" bigint NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"sender" text,
	"subject" text,
	"ticket_id" text,
	"message_id" text,
	"duplicate_of" text,
	"copies" bigint NOT NULL,
	"attempts" bigint NOT NULL,
	"trace" jsonb NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	"finished_at" timestamp(3) with time zone
);

--> statement-breakpoint
CREATE TABLE "suppressions" (
	"address" text PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"message_id" text,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "tickets" (
	"number" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"version" bigint NOT NULL,
	"subject" text NOT NULL,
	"status" text NOT NULL,
	"priority" text NOT NULL,
	"channel" text NOT NULL,
	"inbox_id" text NOT NULL,
	"requester_id" text NOT NULL,
	"assignee_id" text,
	"team_id" text,
	"tags" jsonb NOT NULL,
	"merged_into_id" text,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	"last_message_at" timestamp(3) with time zone,
	"last_public_message_id" text,
	"solved_at" timestamp(3) with time zone,
	"closed_at" timestamp(3) with time zone,
	CONSTRAINT "tickets_id_unique" UNIQUE("id")
);

--> statement-breakpoint
CREATE TABLE "ticket_inboxes" (
	"ticket_id" text NOT NULL,
	"inbox_id" text NOT NULL,
	CONSTRAINT "ticket_inboxes_ticket_id_inbox_id_pk" PRIMARY KEY("ticket_id","inbox_id")
);

--> statement-breakpoint
CREATE TABLE "ticket_tags" (
	"tag" text NOT NULL,
	"number" bigint NOT NULL,
	CONSTRAINT "ticket_tags_tag_number_pk" PRIMARY KEY("tag","number")
);

--> statement-breakpoint
CREATE TABLE "ticket_fields" (
	"ticket_id" text NOT NULL,
	"field" text NOT NULL,
	"value" text NOT NULL,
	"number" bigint NOT NULL,
	CONSTRAINT "ticket_fields_ticket_id_field_pk" PRIMARY KEY("ticket_id","field")
);

--> statement-breakpoint
CREATE TABLE "ticket_stages" (
	"ticket_id" text NOT NULL,
	"workflow" text NOT NULL,
	"stage" text NOT NULL,
	"since" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "ticket_stages_ticket_id_workflow_pk" PRIMARY KEY("ticket_id","workflow")
);

--> statement-breakpoint
CREATE TABLE "ticket_words" (
	"word" text NOT NULL,
	"number" bigint NOT NULL,
	CONSTRAINT "ticket_words_word_number_pk" PRIMARY KEY("word","number")
);

--> statement-breakpoint
CREATE TABLE "ticket_links" (
	"ticket_id" text NOT NULL,
	"other_id" text NOT NULL,
	"kind" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "ticket_links_ticket_id_other_id_kind_pk" PRIMARY KEY("ticket_id","other_id","kind")
);

--> statement-breakpoint
CREATE TABLE "participants" (
	"ticket_id" text NOT NULL,
	"contact_id" text NOT NULL,
	"role" text NOT NULL,
	CONSTRAINT "participants_ticket_id_contact_id_pk" PRIMARY KEY("ticket_id","contact_id")
);

--> statement-breakpoint
CREATE TABLE "messages" (
	"id" text PRIMARY KEY NOT NULL,
	"ticket_id" text NOT NULL,
	"direction" text NOT NULL,
	"channel" text NOT NULL,
	"contact_id" text,
	"agent_id" text,
	"subject" text NOT NULL,
	"text" text NOT NULL,
	"html" text NOT NULL,
	"folded" jsonb NOT NULL,
	"from" jsonb,
	"to" jsonb NOT NULL,
	"cc" jsonb NOT NULL,
	"message_id" text,
	"date" timestamp(3) with time zone,
	"automatic" text,
	"warnings" jsonb NOT NULL,
	"intake_id" text,
	"delivery" text,
	"send_at" timestamp(3) with time zone,
	"sent_at" timestamp(3) with time zone,
	"error" text,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "message_ids" (
	"scope" text NOT NULL,
	"hash" text NOT NULL,
	"message_id" text NOT NULL,
	CONSTRAINT "message_ids_scope_hash_message_id_pk" PRIMARY KEY("scope","hash","message_id")
);

--> statement-breakpoint
CREATE TABLE "attachments" (
	"id" text PRIMARY KEY NOT NULL,
	"message_id" text,
	"agent_id" text,
	"filename" text NOT NULL,
	"content_type" text NOT NULL,
	"size" bigint NOT NULL,
	"hash" text NOT NULL,
	"content_id" text,
	"inline" boolean NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "timeline" (
	"seq" bigserial PRIMARY KEY NOT NULL,
	"ticket_id" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"type" text NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"message_id" text,
	"data" jsonb NOT NULL
);

--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"key" text,
	"data" jsonb NOT NULL,
	"run_at" timestamp(3) with time zone NOT NULL,
	"state" text NOT NULL,
	"attempts" bigint NOT NULL,
	"lease_until" timestamp(3) with time zone,
	"lease" text,
	"error" text,
	"crashes" bigint,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	"updated_by" text
);

--> statement-breakpoint
CREATE TABLE "idempotency" (
	"agent_id" text NOT NULL,
	"key" text NOT NULL,
	"request" text NOT NULL,
	"status" bigint NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "idempotency_agent_id_key_pk" PRIMARY KEY("agent_id","key")
);

--> statement-breakpoint
CREATE TABLE "plugins" (
	"name" text PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"tables" jsonb NOT NULL,
	"installed_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "plugin_faults" (
	"plugin" text NOT NULL,
	"handler" text NOT NULL,
	"reason" text NOT NULL,
	"deaths" bigint NOT NULL,
	"off" boolean NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "plugin_faults_plugin_handler_pk" PRIMARY KEY("plugin","handler")
);

--> statement-breakpoint
CREATE TABLE "notices" (
	"plugin" text NOT NULL,
	"key" text NOT NULL,
	"level" text NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "notices_plugin_key_pk" PRIMARY KEY("plugin","key")
);

--> statement-breakpoint
CREATE INDEX "contacts_by_name" ON "contacts" USING btree ("name","id");
--> statement-breakpoint
CREATE UNIQUE INDEX "identities_by_value" ON "identities" USING btree ("kind","value");
--> statement-breakpoint
CREATE INDEX "identities_by_contact" ON "identities" USING btree ("contact_id");
--> statement-breakpoint
CREATE INDEX "team_members_by_agent" ON "team_members" USING btree ("agent_id");
--> statement-breakpoint
CREATE INDEX "tokens_by_agent" ON "tokens" USING btree ("agent_id");
--> statement-breakpoint
CREATE INDEX "tokens_by_expiry" ON "tokens" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "limits_by_at" ON "limits" USING btree ("at");
--> statement-breakpoint
CREATE UNIQUE INDEX "intakes_once" ON "intakes" USING btree ("address","digest");
--> statement-breakpoint
CREATE INDEX "intakes_by_head" ON "intakes" USING btree ("group","head_digest");
--> statement-breakpoint
CREATE INDEX "intakes_by_state" ON "intakes" USING btree ("state","id");
--> statement-breakpoint
CREATE INDEX "intakes_by_inbox" ON "intakes" USING btree ("inbox_id","id");
--> statement-breakpoint
CREATE INDEX "tickets_by_status" ON "tickets" USING btree ("status","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_inbox" ON "tickets" USING btree ("inbox_id","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_team" ON "tickets" USING btree ("team_id","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_assignee" ON "tickets" USING btree ("assignee_id","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_requester" ON "tickets" USING btree ("requester_id","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_priority" ON "tickets" USING btree ("priority","number");
--> statement-breakpoint
CREATE INDEX "tickets_by_update" ON "tickets" USING btree ("updated_at","number");
--> statement-breakpoint
CREATE INDEX "ticket_fields_by_value" ON "ticket_fields" USING btree ("field","value","number");
--> statement-breakpoint
CREATE INDEX "ticket_links_by_other" ON "ticket_links" USING btree ("other_id");
--> statement-breakpoint
CREATE INDEX "participants_by_contact" ON "participants" USING btree ("contact_id","ticket_id");
--> statement-breakpoint
CREATE INDEX "messages_by_ticket" ON "messages" USING btree ("ticket_id","id");
--> statement-breakpoint
CREATE INDEX "attachments_by_message" ON "attachments" USING btree ("message_id");
--> statement-breakpoint
CREATE INDEX "attachments_by_hash" ON "attachments" USING btree ("hash");
--> statement-breakpoint
CREATE INDEX "timeline_by_ticket" ON "timeline" USING btree ("ticket_id","seq");
--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_by_key" ON "jobs" USING btree ("name","key");
--> statement-breakpoint
CREATE INDEX "jobs_by_time" ON "jobs" USING btree ("state","run_at","id");
--> statement-breakpoint
CREATE INDEX "jobs_by_crashes" ON "jobs" USING btree ("crashes","run_at") WHERE crashes is not null;
--> statement-breakpoint
CREATE INDEX "idempotency_by_age" ON "idempotency" USING btree ("created_at");
