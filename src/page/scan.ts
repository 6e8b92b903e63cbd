/// <reference lib="dom" />
import { BarcodeDetector as OwnDetector } from "qr/decode.js";

/** Pictures are looked at so often, in milliseconds. */
const EVERY_MS = 120;

interface Detector {
  detect(picture: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}

/** Whether this browser would hand over a camera's pictures. */
export function hasCamera(): boolean {
  return navigator.mediaDevices?.getUserMedia !== undefined;
}

/**
 * Looks through the camera until a QR code with a key comes into view. Nothing is recorded.
 *
 * @param video where to show what the camera sees
 * @param signal aborted when the scan is no longer wanted
 * @returns the key line, or null if aborted
 * @throws {DOMException} if there is no camera, or this page may not use it
 */
export async function scan(video: HTMLVideoElement, signal: AbortSignal): Promise<string | null> {
  const opening = navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const look = async (): Promise<string | null> => {
    const stream = await opening;
    if (signal.aborted) return null;
    video.srcObject = stream;
    await video.play();
    const detector = await detectorHere();
    while (!signal.aborted) {
      for (const { rawValue } of await detector.detect(video).catch(() => [])) {
        const line = lineIn(rawValue);
        if (line !== null) return line;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return null;
  };
  // Whatever it is waiting for: nobody is left before a camera that they have switched off.
  const stopped = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  try {
    return await Promise.race([look(), stopped]);
  } finally {
    video.srcObject = null;
    opening.then((stream) => stream.getTracks().forEach((track) => track.stop()), () => {});
  }
}

/** The key line of a QR code: its text, or what stands behind the `#` of an address. */
export function lineIn(text: string): string | null {
  if (!/^[a-z]+:\/\//i.test(text)) return text;
  const [, fragment = ""] = text.split("#");
  try {
    return decodeURIComponent(fragment) || null;
  } catch {
    return fragment;
  }
}

/** The browser's own detector where it reads QR codes, for it has the machine's help; else the library's. */
async function detectorHere(): Promise<Detector> {
  const own = (globalThis as { BarcodeDetector?: typeof OwnDetector }).BarcodeDetector;
  const formats = await own?.getSupportedFormats().catch(() => []) ?? [];
  const Kind = own !== undefined && formats.includes("qr_code") ? own : OwnDetector;
  return new Kind({ formats: ["qr_code"] });
}
