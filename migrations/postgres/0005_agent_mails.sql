CREATE TABLE "agent_mails" (
	"key" text PRIMARY KEY NOT NULL,
	"agent_id" text NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE INDEX "agent_mails_by_age" ON "agent_mails" USING btree ("created_at");
