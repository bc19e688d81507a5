import type { Latency } from "../world/network.ts";
import { IN_THE_REGION } from "./variants.ts";

/** Where databases and callers are: latitude and longitude in degrees. The first n of them make n regions. */
const PLACES: Readonly<Record<string, readonly [latitude: number, longitude: number]>> = {
  frankfurt: [50.1, 8.7],
  virginia: [38.9, -77.5],
  singapore: [1.35, 103.8],
  oregon: [45.6, -121.2],
  "sao-paulo": [-23.5, -46.6],
  tokyo: [35.7, 139.7],
  sydney: [-33.9, 151.2],
  mumbai: [19.1, 72.9],
  "cape-town": [-33.9, 18.4],
  stockholm: [59.3, 18.1],
};

export const PLACE_NAMES: readonly string[] = Object.keys(PLACES);

const EARTH_RADIUS_KM = 6371;
/** Light in glass goes so far in 1 ms, and cables are longer than the shortest way by this factor. */
const KM_PER_MS = 200;
const DETOUR = 1.5;

/** Km on the shortest way round the earth. */
function distanceKm(from: string, to: string): number {
  const [a, b] = [radians(from), radians(to)];
  const cosine =
    Math.sin(a.latitude) * Math.sin(b.latitude) +
    Math.cos(a.latitude) * Math.cos(b.latitude) * Math.cos(a.longitude - b.longitude);
  return EARTH_RADIUS_KM * Math.acos(Math.min(1, cosine));
}

function radians(place: string) {
  const [latitude, longitude] = PLACES[place] as readonly [number, number];
  return { latitude: (latitude * Math.PI) / 180, longitude: (longitude * Math.PI) / 180 };
}

/** One way from a place to another, or within one. */
export function latencyBetween(from: string, to: string): Latency {
  const { least, median, p99, most } = IN_THE_REGION;
  const cableMs = (distanceKm(from, to) * DETOUR) / KM_PER_MS;
  return { least: least + cableMs, median: median + cableMs, p99: p99 + cableMs, most: most + cableMs };
}

/** Those places, the nearest first. */
export function nearestFirst(from: string, places: readonly string[]): string[] {
  return places.toSorted((a, b) => distanceKm(from, a) - distanceKm(from, b));
}
