/**
 * Draws the pictures of `docs/BENCHMARKS.md` from the results in `bench/side/results`; `bench/run.sh` runs
 * it.
 */
import * as echarts from "echarts";
import bans from "../side/results/bans.json" with { type: "json" };
import change from "../side/results/change.json" with { type: "json" };
import login from "../side/results/login.json" with { type: "json" };

const WIDTH = 760;
/** Colours that everybody can tell apart (Okabe and Ito). */
const [BLUE, RED, GREEN, PINK] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const INK = "#333";
const TEXT = { color: INK };

const title = (text: string, subtext: string) => ({
  text,
  subtext,
  left: "center",
  itemGap: 4,
  textStyle: { color: INK, fontSize: 16 },
  subtextStyle: TEXT,
});

await write("bench-login", 80 + 44 * login.found.length, loginBars());
await write("bench-change", 360, changeBars());
await write("bench-bans", 420, banLines());

async function write(name: string, height: number, option: echarts.EChartsOption): Promise<void> {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, backgroundColor: "#fff", ...option });
  const url = new URL(`../../docs/pictures/${name}.svg`, import.meta.url);
  await Deno.writeTextFile(url, `${chart.renderToSVGString()}\n`);
  chart.dispose();
}

/** Medians, the whole command. */
function loginBars(): echarts.EChartsOption {
  const ways = login.found.toReversed();
  return {
    title: title("Time to log in and run true", "median, milliseconds"),
    grid: { left: 250, right: 70, top: 60, bottom: 20 },
    xAxis: { type: "value", axisLabel: TEXT },
    yAxis: { type: "category", data: ways.map(({ name }) => name), axisLabel: TEXT },
    series: [{
      type: "bar",
      barWidth: 20,
      data: ways.map(({ name, summary }) => ({
        value: summary.median,
        itemStyle: { color: name.startsWith("c3po") ? BLUE! : name === "ssh alone" ? INK : RED! },
        label: { show: true, position: "right", formatter: summary.median.toFixed(0), ...TEXT },
      })),
    }],
  };
}

/** How many changes came so late. */
function changeBars(): echarts.EChartsOption {
  const delays: readonly number[] = change.found.delays;
  const last = Math.max(...delays.map(Math.floor), 5);
  const bins = Array.from({ length: last + 1 }, (_, ms) => ms);
  const count = (ms: number): number => delays.filter((delay) => Math.floor(delay) === ms).length;
  return {
    title: title(
      "From the boundary of the minute to the first connection",
      `${delays.length} changes, by the millisecond they came in`,
    ),
    grid: { left: 60, right: 30, top: 60, bottom: 50 },
    xAxis: {
      type: "category",
      data: bins.map(String),
      name: "milliseconds",
      nameLocation: "middle",
      nameGap: 28,
      axisLabel: TEXT,
    },
    yAxis: { type: "value", axisLabel: TEXT },
    series: [{ type: "bar", color: BLUE!, data: bins.map(count) }],
  };
}

/** Connections beside bans, for each way to keep them. */
function banLines(): echarts.EChartsOption {
  const names = [...new Set(bans.found.stores.map(({ name }) => name))];
  const colours = [INK, BLUE!, GREEN!, PINK!];
  return {
    title: title("A connection of somebody who is not banned", "median, milliseconds"),
    legend: { bottom: 4, textStyle: TEXT },
    grid: { left: 76, right: 40, top: 60, bottom: 76 },
    xAxis: {
      type: "log",
      name: "bans",
      nameLocation: "middle",
      nameGap: 28,
      axisLabel: { ...TEXT, formatter: (value: number) => value.toLocaleString("en") },
    },
    yAxis: { type: "log", axisLabel: TEXT },
    series: names.map((name, i) => ({
      type: "line",
      name,
      color: colours[i]!,
      symbolSize: 7,
      data: bans.found.stores.filter((each) => each.name === name).flatMap((each) =>
        "connectMs" in each && each.connectMs !== undefined
          ? [[each.bans, each.connectMs.median]]
          : []
      ),
    })),
  };
}
