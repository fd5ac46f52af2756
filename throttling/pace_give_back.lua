-- Returns unused slots, never beyond the burst. A bucket that is gone is full, so there is nothing to do. ARGV: slots
local held = redis.call('HMGET', KEYS[1], 'slots', 'burst')
local slots, burst = tonumber(held[1] or ''), tonumber(held[2] or '')
if slots and burst then
  redis.call('HSET', KEYS[1], 'slots', string.format('%.6f', math.min(burst, slots + tonumber(ARGV[1]))))
end
return 1
