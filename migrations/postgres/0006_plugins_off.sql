ALTER TABLE "plugins" ADD COLUMN "off_since" timestamp(3) with time zone;
