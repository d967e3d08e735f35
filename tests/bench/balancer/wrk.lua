-- wrk … URL -- CLUSTERS VIDEOS [DELAY_MS]: requests the videos of traffic.ts in turn, and reports in a line
-- of JSON, as the contenders do. With DELAY_MS each connection waits that long between two requests, on
-- average.
local videos
local requests = {}
local turn = 0

function init(args)
  local clusters, delay_ms = tonumber(args[1]), tonumber(args[3])
  videos = tonumber(args[2])
  for i = 0, videos - 1 do
    local url = ("http://s1.cluster-%d.example/video/%d/xcg2djHckad.m3u8"):format(i % clusters, i)
    requests[i] = wrk.format("GET", "/?video=" .. url)
  end
  -- wrk looks for this function once, after init. If it is missing, connections do not wait.
  if delay_ms then
    function delay() return math.random(0, 2 * delay_ms) end
  end
end

function request()
  turn = (turn + 1) % videos
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(("\n" .. [[{"event":"done","requests":%d,"seconds":%f,"errors":%d,"latencyMs99":%f}]] .. "\n"):format(
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(99) / 1000))
end
