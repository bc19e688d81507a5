#!/usr/bin/env node
import { Command } from "commander";
import { redisRestCommand } from "./cli-command.ts";

const program = new Command("sluice").description("Rate limiting for edge and serverless runtimes.");
program.addCommand(redisRestCommand());
await program.parseAsync();
