-- Takes one place and/or stores facts, if nothing has changed since the caller looked. Answers 1 if done, 0 if not.
-- ARGV: seen stamp, contact ('' for none), now_us, entry (16 digits of its end in us, then the event), entry_ms,
--       version of the facts (-1 for none), facts, facts_ms
local key = KEYS[1]
local seen, contact, now_us, entry, entry_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local version, facts, facts_ms = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])

-- A lost answer makes the client ask again: the same contact takes one place, not two.
if contact ~= '' and redis.call('HEXISTS', key, 'p:' .. contact) == 1 then
  return 1
end
local stamp = redis.call('HGET', key, 'stamp') or '0'
if stamp ~= seen then
  return 0
end

local time = redis.call('TIME')
local changed, keep_ms = false, 0
if version >= 0 then
  local have = tonumber(redis.call('HGET', key, 'version') or '-1') or -1
  if version >= have then
    local end_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + facts_ms)
    redis.call('HSET', key, 'version', ARGV[6], 'facts', facts, 'facts_end_ms', end_ms)
    changed = version > have
    keep_ms = facts_ms
  end
end
if contact ~= '' then
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'p:' and (tonumber(string.sub(all[i + 1], 1, 16)) or 0) <= now_us then
      redis.call('HDEL', key, all[i])
    end
  end
  redis.call('HSET', key, 'p:' .. contact, entry)
  changed = true
  keep_ms = math.max(keep_ms, entry_ms)
end
if changed then
  -- The stamp is a time, not a count: a ledger that expired and came back must not show a number seen before.
  local fresh = math.max(time[1] * 1000000 + time[2], tonumber(stamp) + 1)
  redis.call('HSET', key, 'stamp', string.format('%.0f', fresh))
end
if keep_ms > redis.call('PTTL', key) then
  redis.call('PEXPIRE', key, keep_ms)
end
return 1
