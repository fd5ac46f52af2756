-- Answers {stamp, facts or false, {pending ...}} of one borrower's ledger.
-- Facts past their time are not returned: a cache that outlives its invalidation must heal by itself.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp, facts, facts_end_ms = '0', false, 0
local pending = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if field == 'stamp' then
    stamp = value
  elseif field == 'facts' then
    facts = value
  elseif field == 'facts_end_ms' then
    facts_end_ms = tonumber(value) or 0
  elseif string.sub(field, 1, 2) == 'p:' then
    pending[#pending + 1] = value
  end
end
if facts_end_ms <= now_ms then
  facts = false
end
return {stamp, facts, pending}
