#!/usr/bin/env node
import { Command } from "@commander-js/extra-typings";
import { version } from "../../../package.json";
import { dashboardCommand } from "./dashboard.ts";
import { redisRestCommand } from "./redis-rest.ts";
import { rulesCommand } from "./rules/rules.ts";

const program = new Command("sluice").description("Rate limiting for edge and serverless runtimes.").version(version);
await program.addCommand(redisRestCommand()).addCommand(rulesCommand()).addCommand(dashboardCommand()).parseAsync();
