/**
 * The requests of the benchmark, and the answers that are right: wrk.lua asks for the same URLs.
 *
 * @module
 */

export const CDN_HOST = "cdn.example.net";

/** Different URLs asked for, unless a load has more. */
export const VIDEOS = 1000;

/** Cluster `index`, from 0. */
export const clusterName = (index: number): string => `cluster-${index}.example`;

/** The path of a request for video `index`, from 0, in a table of so many clusters. */
export function requestPath(index: number, clusters: number): string {
  return `/?video=${originUrl(index, clusters)}`;
}

const videoPath = (index: number): string => `/video/${index}/xcg2djHckad.m3u8`;

const originUrl = (index: number, clusters: number): string =>
  `http://s1.${clusterName(index % clusters)}${videoPath(index)}`;

/** The places that a request may be redirected to. */
export function targets(index: number, clusters: number): string[] {
  return [originUrl(index, clusters), `http://${CDN_HOST}/s1${videoPath(index)}`];
}
