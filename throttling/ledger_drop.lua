-- Removes fields (a pending contact, or the cached facts) and stamps the ledger, so that a decision made on the old
-- content cannot reserve any more. ARGV: time to live in ms for an otherwise empty ledger, then the fields.
local key = KEYS[1]
local removed = redis.call('HDEL', key, unpack(ARGV, 2))
local time = redis.call('TIME')
local stamp = tonumber(redis.call('HGET', key, 'stamp') or '0') or 0
local fresh = math.max(time[1] * 1000000 + time[2], stamp + 1)
redis.call('HSET', key, 'stamp', string.format('%.0f', fresh))
if redis.call('PTTL', key) < 0 then
  redis.call('PEXPIRE', key, ARGV[1])
end
return removed
