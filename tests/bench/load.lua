-- What wrk sends. Arguments, each as name=value:
--   kind      one of the kinds below
--   tokens    a file with a token a line
--   name      what new key pairs' names begin with, or the name of the one that is asked for
--   answers   how many answers end the run; without it, its time does
--   algorithm, pairs, project: what single kinds ask for
-- Prints one line of JSON at the end.

local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
]]
local MONOTONIC = 1
local PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench"
local KEYPAIRS = "/v2.1/os-keypairs"
-- The first version that lists pages.
local PAGED = "compute 2.35"
local PAGE = 100

local threads = {}

function setup(thread) table.insert(threads, thread) end

local function now()
    local moment = ffi.new("moment")
    ffi.C.clock_gettime(MONOTONIC, moment)
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

-- What stands between path and body, for each token; written once, as wrk.format takes half of wrk's time.
local given, heads, asked = {}, {}, 0
-- Of this thread, read at the end.
answers, began, ended = 0, 0, 0

function init(arguments)
    for _, argument in ipairs(arguments) do
        local name, value = argument:match("^(%w+)=(.*)$")
        given[name] = value
    end
    local version = given.kind == "page" and "OpenStack-API-Version: " .. PAGED .. "\r\n" or ""
    for token in io.lines(given.tokens) do
        local headers = "Host: " .. wrk.headers["Host"] .. "\r\nContent-Type: application/json\r\nX-Auth-Token: " .. token
        table.insert(heads, " HTTP/1.1\r\n" .. version .. headers .. "\r\n")
    end
    if given.answers then end_after(tonumber(given.answers)) end
    math.randomseed(os.time())
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
    return '{"keypair": {"name": "' .. given.name .. asked .. '"' .. members .. "}}"
end

local kinds = {
    import = function() return "POST", KEYPAIRS, keypair(', "public_key": "' .. PUBLIC_KEY .. '"') end,
    create = function()
        local algorithm = given.algorithm and ', "algorithm": "' .. given.algorithm .. '"'
        return "POST", KEYPAIRS, keypair(algorithm or "")
    end,
    show = function() return "GET", KEYPAIRS .. "/" .. given.name end,
    list = function() return "GET", KEYPAIRS end,
    -- From anywhere in a list of so many pairs, which are numbered, but that a whole page follows.
    page = function()
        local marker = string.format("%s%06d", given.name, math.random(0, given.pairs - PAGE - 1))
        return "GET", KEYPAIRS .. "?limit=" .. PAGE .. "&marker=" .. marker
    end,
    export = function()
        local path = "/v3/" .. given.project .. "/keypairs/private-key/export"
        return "POST", path, '{"keypair": {"name": "' .. given.name .. '"}}'
    end,
}

function request()
    asked = asked + 1
    local method, path, body = kinds[given.kind]()
    local length = body and "Content-Length: " .. #body .. "\r\n\r\n" or "\r\n"
    return method .. " " .. path .. heads[asked % #heads + 1] .. length .. (body or "")
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
