import { contract, kernelContract } from "./contract.ts";
import { MemoryWorld } from "./contract/memory_world.ts";

contract("memory", () => new MemoryWorld());
kernelContract("iptables");
kernelContract("nftables");
