-- Takes up to `want` slots from a token bucket by the server's own clock; answers how many were granted.
-- ARGV: want, rate per second, burst
local key = KEYS[1]
local want, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', key, 'slots', 'at_us')
local slots, at_us = tonumber(held[1] or ''), tonumber(held[2] or '')
if not slots or not at_us then
  slots, at_us = burst, now_us
end
-- A server clock that steps back (a failover) gives nothing for the time it repeats.
slots = math.min(burst, slots + math.max(0, now_us - at_us) * rate / 1000000)
local granted = math.max(0, math.min(want, math.floor(slots)))
redis.call('HSET', key, 'slots', string.format('%.6f', slots - granted), 'at_us', string.format('%.0f', now_us),
  'burst', ARGV[3])
redis.call('PEXPIRE', key, math.ceil(burst / rate * 1000) + 1000)
return granted
