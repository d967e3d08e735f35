/**
 * The requests of the benchmark and their correct answers. wrk.lua requests the same URLs.
 *
 * @module
 */

export const CDN_HOST = "cdn.example.net";

/** How many different URLs are requested, unless a load has more. */
export const VIDEOS = 1000;

/** The name of cluster `index`, from 0. */
export const clusterName = (index: number): string => `cluster-${index}.example`;

/** The path of a request for video `index`, from 0, when the table has this many clusters. */
export function requestPath(index: number, clusters: number): string {
  return `/?video=${originUrl(index, clusters)}`;
}

const videoPath = (index: number): string => `/video/${index}/xcg2djHckad.m3u8`;

const originUrl = (index: number, clusters: number): string =>
  `http://s1.${clusterName(index % clusters)}${videoPath(index)}`;

/** The URLs that a request may be redirected to. */
export function targets(index: number, clusters: number): string[] {
  return [originUrl(index, clusters), `http://${CDN_HOST}/s1${videoPath(index)}`];
}
