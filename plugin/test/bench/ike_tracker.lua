-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- What a user would write instead of SPIscope, for IKE: a post-dissector that follows IKE SAs. Age; per message the request that it
-- answers and after what time, or the message of which it is a retransmission.
local ikes = Proto("ikes", "IKE tracker")
local fields = {
    age = ProtoField.double("ikes.age", "Age of the IKE SA (s)"),
    request = ProtoField.framenum("ikes.request", "Request"),
    response_time = ProtoField.double("ikes.response_time", "Response time (s)"),
    retransmission = ProtoField.framenum("ikes.retransmission_of", "Retransmission of"),
}
ikes.fields = fields

local initiator_spi, exchange, message_id = Field.new("isakmp.ispi"), Field.new("isakmp.exchangetype"), Field.new("isakmp.messageid")
local flag_response = Field.new("isakmp.flag_r")

local sas       -- initiator's SPI -> IKE SA

function ikes.init()
    sas = {}
end

local function take(initiator, pinfo, tree)
    local frame, time = pinfo.number, pinfo.abs_ts
    local sa = sas[initiator]
    if not sa then
        sa = { first_time = time, requests = {} }
        sas[initiator] = sa
    end
    local item = tree:add(ikes)
    item:add(fields.age, time - sa.first_time):set_generated()
    -- either side numbers its requests for itself
    local response = flag_response()
    local answers = response and response.value
    local key = tostring(answers and pinfo.dst or pinfo.src) .. "/" .. exchange().value .. "/" .. message_id().value
    local request = sa.requests[key]
    if answers then
        if request then
            item:add(fields.request, request.frame):set_generated()
            item:add(fields.response_time, time - request.time):set_generated()
        end
    elseif not request then
        sa.requests[key] = { frame = frame, time = time }
    elseif request.frame ~= frame then
        item:add(fields.retransmission, request.frame):set_generated()
    end
end

function ikes.dissector(_, pinfo, tree)
    local initiator = initiator_spi()
    if initiator then
        take(tostring(initiator), pinfo, tree)
    end
end

register_postdissector(ikes)
