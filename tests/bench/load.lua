-- What wrk sends. Arguments: the kind of request; a file with a token a line; a name, which new key pairs begin with or a shown
-- one has; how many answers end the run (0: its time does). Prints one line of JSON at the end.

local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
]]
local MONOTONIC = 1
local PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench"

local threads = {}

function setup(thread) table.insert(threads, thread) end

local function now()
    local moment = ffi.new("moment")
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local tokens, kind, name, asked = {}, nil, nil, 0
-- Of this thread, read at the end.
answers, began, ended = 0, 0, 0

function init(arguments)
    kind, name = arguments[1], arguments[3]
    for token in io.lines(arguments[2]) do table.insert(tokens, token) end
    local wanted = tonumber(arguments[4])
    if wanted > 0 then end_after(wanted) end
    began = now()
end

-- Looking at each answer costs wrk time, so that only those look at them who must count.
function end_after(wanted)
    function response()
        answers = answers + 1
        ended = now()
        if answers == wanted then wrk.thread:stop() end
    end
end

local function keypair(members)
    return '{"keypair": {"name": "' .. name .. asked .. '"' .. members .. "}}"
end

local kinds = {
    import = function() return "POST", "", keypair(', "public_key": "' .. PUBLIC_KEY .. '"') end,
    create = function() return "POST", "", keypair("") end,
    list = function() return "GET", "", nil end,
    show = function() return "GET", "/" .. name, nil end,
}

function request()
    asked = asked + 1
    local method, path, body = kinds[kind]()
    local headers = { ["X-Auth-Token"] = tokens[asked % #tokens + 1], ["Content-Type"] = "application/json" }
    return wrk.format(method, "/v2.1/os-keypairs" .. path, headers, body)
end

function done(summary, latency, requests)
    local errors, seconds, count = summary.errors, summary.duration / 1e6, summary.requests
    local thread = threads[1]
    if thread:get("answers") > 0 then
        seconds, count = thread:get("ended") - thread:get("began"), thread:get("answers")
    end
    local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
    local p50, p99 = latency:percentile(50) / 1000, latency:percentile(99) / 1000
    local line = '{"answers": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "failed": %d}\n'
    io.write(string.format(line, count, seconds, p50, p99, failed))
end
