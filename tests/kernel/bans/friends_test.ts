import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  denoDirectory,
  forgeSyn,
  kernelTest,
  Lab,
  probe,
  startServe,
  startSshd,
  syn,
  waitFor,
  writeKey,
} from "../lab.ts";
import { bansOn, login, TRAP, TRIPWIRE } from "./tripwire.ts";
