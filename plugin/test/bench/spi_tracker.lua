-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- What a user would write instead of SPIscope: a post-dissector that follows SPIs. Per SA (protocol, destination, SPI): first and last
-- packet, age, packets, bytes, gaps in the sequence, the SPI that it replaced, whether that came early.
local SHORTEST_LIFETIME = 300

local spis = Proto("spis", "SPI tracker")
local fields = {
    age = ProtoField.double("spis.age", "Age (s)"),
    packets = ProtoField.uint32("spis.packets", "Packets"),
    bytes = ProtoField.uint64("spis.bytes", "Bytes"),
    lost = ProtoField.uint32("spis.lost", "Lost"),
    first = ProtoField.framenum("spis.first", "First frame"),
    last = ProtoField.framenum("spis.last", "Frame before"),
    replaces = ProtoField.uint32("spis.replaces", "Replaces", base.HEX),
    churn = ProtoField.double("spis.churn", "Replaced early, after (s)"),
}
spis.fields = fields

local esp_spi, esp_sequence = Field.new("esp.spi"), Field.new("esp.sequence")
local ah_spi, ah_sequence = Field.new("ah.spi"), Field.new("ah.sequence")

local sas       -- protocol -> destination -> SPI -> SA
local newest    -- protocol -> source -> destination -> the SA that was opened last

function spis.init()
    sas, newest = { esp = {}, ah = {} }, { esp = {}, ah = {} }
end

local function inner(map, key)
    local found = map[key]
    if not found then
        found = {}
        map[key] = found
    end
    return found
end

local function open_sa(known, opened, destination, spi, sequence, frame, time)
    local old = opened[destination]
    local sa = { spi = spi, first = frame, first_time = time, last = frame, packets = 0, bytes = 0, lost = 0, highest = sequence - 1 }
    if old then
        sa.replaces = old.spi
        if time - old.first_time < SHORTEST_LIFETIME then
            sa.churn = time - old.first_time
        end
    end
    known[spi], opened[destination] = sa, sa
    return sa
end

local function count(sa, sequence, length, frame)
    sa.packets = sa.packets + 1
    sa.bytes = sa.bytes + length
    if sequence > sa.highest then
        sa.lost = sa.lost + sequence - sa.highest - 1
        sa.highest = sequence
    elseif sa.lost > 0 then
        sa.lost = sa.lost - 1
    end
    sa.last = frame
end

local function show(tree, sa, before, frame, time)
    local item = tree:add(spis)
    item:add(fields.age, time - sa.first_time):set_generated()
    item:add(fields.packets, sa.packets):set_generated()
    item:add(fields.bytes, UInt64(sa.bytes)):set_generated()
    item:add(fields.lost, sa.lost):set_generated()
    item:add(fields.first, sa.first):set_generated()
    item:add(fields.last, before):set_generated()
    if sa.replaces then
        item:add(fields.replaces, sa.replaces):set_generated()
    end
    if sa.churn and frame == sa.first then
        item:add(fields.churn, sa.churn):set_generated()
    end
end

local function take(protocol, spi, sequence, pinfo, tree)
    local destination, frame, time = tostring(pinfo.dst), pinfo.number, pinfo.abs_ts
    local known = inner(sas[protocol], destination)
    local sa = known[spi]
    if not sa then
        sa = open_sa(known, inner(newest[protocol], tostring(pinfo.src)), destination, spi, sequence, frame, time)
    end
    local before = sa.last
    if not pinfo.visited then
        count(sa, sequence, pinfo.len, frame)
    end
    show(tree, sa, before, frame, time)
end

function spis.dissector(_, pinfo, tree)
    local spi = esp_spi()
    if spi then
        take("esp", spi.value, esp_sequence().value, pinfo, tree)
        return
    end
    spi = ah_spi()
    if spi then
        take("ah", spi.value, ah_sequence().value, pinfo, tree)
    end
end

register_postdissector(spis)
