import { faultTest } from "./scenario.ts";

faultTest("iptables");
