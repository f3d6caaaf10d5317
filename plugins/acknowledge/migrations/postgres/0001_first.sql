CREATE TABLE "acknowledge_answers" (
	"id" text PRIMARY KEY NOT NULL,
	"ticket_id" text NOT NULL,
	"inbox_id" text NOT NULL,
	"address" text,
	"language" text,
	"reason" text,
	"message_id" text,
	"at" timestamp(3) with time zone NOT NULL
);

--> statement-breakpoint
CREATE TABLE "acknowledge_buckets" (
	"key" text PRIMARY KEY NOT NULL,
	"full_at" bigint NOT NULL
);

--> statement-breakpoint
CREATE UNIQUE INDEX "acknowledge_answers_once" ON "acknowledge_answers" USING btree ("ticket_id");
--> statement-breakpoint
CREATE INDEX "acknowledge_answers_by_address" ON "acknowledge_answers" USING btree ("address","id");
--> statement-breakpoint
CREATE INDEX "acknowledge_answers_by_time" ON "acknowledge_answers" USING btree ("at");
--> statement-breakpoint
CREATE INDEX "acknowledge_buckets_by_time" ON "acknowledge_buckets" USING btree ("full_at");
