import { faultTest } from "./scenario.ts";

faultTest("nftables");
