-- Stores an address's facts unless a higher version is here already. ARGV: version, facts, ttl_ms
local key = KEYS[1]
local have = tonumber(redis.call('HGET', key, 'version') or '-1') or -1
if tonumber(ARGV[1]) < have then
  return 0
end
local time = redis.call('TIME')
local end_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
redis.call('HSET', key, 'version', ARGV[1], 'facts', ARGV[2], 'facts_end_ms', end_ms)
redis.call('PEXPIRE', key, ARGV[3])
return 1
