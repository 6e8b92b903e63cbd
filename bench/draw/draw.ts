/**
 * Draws the pictures of `docs/` from the numbers that the programs of `bench/` wrote:
 *
 *     deno task draw
 *
 * Apart from the rest, with a lock file of its own, so that whoever installs c3po never gets the
 * plotting library.
 */

import * as echarts from "echarts";
import type { Axis, Curve, Figure, Point } from "../odds/figure.ts";
import odds from "../odds/results.json" with { type: "json" };

const WIDTH = 760, PLOT = 360;
/** Colours that everybody can tell apart (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["solid", "dashed", "dotted"] as const;
const SYMBOLS = ["circle", "triangle", "diamond"] as const;
const INK = "#333";

for (const figure of odds.figures as readonly Figure[]) {
  const url = new URL(`../../docs/pictures/${figure.name}.svg`, import.meta.url);
  await Deno.writeTextFile(url, draw(figure));
}

function draw(figure: Figure): string {
  const legend = 8 + 22 * figure.curves.length;
  const height = 122 + PLOT + legend;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    title: {
      text: figure.title,
      subtext: "lines: the formula; marks: the simulation, with bars of two standard errors",
      left: "center",
      itemGap: 4,
      textStyle: { color: INK, fontSize: 16 },
      subtextStyle: { color: INK },
    },
    legend: { orient: "vertical", left: 76, bottom: 8, itemWidth: 40, textStyle: { color: INK } },
    grid: { left: 76, right: 40, top: 68, bottom: 54 + legend },
    xAxis: { ...axis(figure.x), nameGap: 30, ...span(figure.curves) },
    yAxis: { ...axis(figure.y), nameGap: 58, ...(figure.y.scale === "linear" ? { min: 0 } : {}) },
    series: figure.curves.flatMap((curve, i) => series(figure, curve, i)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function axis({ name, scale, unit, step }: Axis) {
  return {
    type: scale === "log" ? "log" as const : "value" as const,
    name,
    nameLocation: "middle" as const,
    nameTextStyle: { color: INK, fontSize: 13 },
    axisLabel: { color: INK, formatter: (value: number) => written(value, unit) },
    axisLine: { show: true, lineStyle: { color: INK } },
    minorTick: { show: true },
    ...(step === undefined ? {} : { interval: step }),
  };
}

/** A horizontal axis from the first point to the last. */
function span(curves: readonly Curve[]): { min: number; max: number } {
  const xs = curves.flatMap(({ points }) => points.map(({ x }) => x));
  return { min: Math.min(...xs), max: Math.max(...xs) };
}

/** A curve: the formula as a line, the simulation as marks with bars of two standard errors. */
function series(figure: Figure, curve: Curve, index: number): echarts.SeriesOption[] {
  const groups = [...new Set(figure.curves.map(({ name, group }) => group ?? name))];
  const place = groups.indexOf(curve.group ?? curve.name);
  const color = COLOURS[place % COLOURS.length]!;
  const inGroup = figure.curves.slice(0, index)
    .filter(({ group }) => group !== undefined && group === curve.group).length;
  const labels = index === 0 ? figure.labels ?? [] : [];
  // A logarithmic axis has no place for what was never met.
  const seen = curve.points.filter(({ simulated }) => figure.y.scale !== "log" || simulated > 0);
  const name = `${curve.name}: ${curve.formula}`;
  return [
    {
      type: "line",
      name,
      color,
      lineStyle: { type: DASHES[inGroup]!, width: 1.5 },
      showSymbol: false,
      data: curve.points.map(({ x, formula }) => [x, formula]),
    },
    {
      type: "scatter",
      name,
      color,
      symbol: SYMBOLS[inGroup]!,
      symbolSize: 7,
      data: seen.map(({ x, simulated }) => ({
        value: [x, simulated],
        label: {
          show: labels.includes(x),
          position: "left",
          offset: [0, 12],
          color: INK,
          formatter: `${x} ${figure.x.name}: ${
            written(curve.points.find((point) => point.x === x)!.formula, figure.y.unit)
          }`,
        },
      })),
    },
    {
      type: "custom",
      clip: true,
      name,
      color,
      renderItem: bar(color),
      data: seen.map(ends(figure.y)),
    },
  ];
}

/** x, and the two ends of the bar. */
function ends({ scale }: Axis): (point: Point) => number[] {
  return ({ x, simulated, error }) => {
    const low = simulated - 2 * error;
    return [x, scale === "log" && low <= 0 ? simulated : low, simulated + 2 * error];
  };
}

function bar(stroke: string): echarts.CustomSeriesOption["renderItem"] & object {
  return (_, api) => {
    const [x, low] = api.coord([api.value(0), api.value(1)]) as [number, number];
    const [, high] = api.coord([api.value(0), api.value(2)]) as [number, number];
    return { type: "line", shape: { x1: x, y1: low, x2: x, y2: high }, style: { stroke } };
  };
}

/** `6.3 %`, `0.024 %`, `10,000`. */
function written(value: number, unit: Axis["unit"]): string {
  const digits = { maximumSignificantDigits: 3 };
  return unit === "chance"
    ? `${(value * 100).toLocaleString("en", digits)} %`
    : value.toLocaleString("en", digits);
}
