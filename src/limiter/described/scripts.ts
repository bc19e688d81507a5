// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

import type { Script } from "../../algorithm/scripts.ts";

/** describe-limiter.lua */
export const describeLimiter: Script = {
  text: "local A,B,C=redis.call,KEYS[1],ARGV[1]\nlocal D=A('HGET',B,C)\nif D==ARGV[2] then return 0 end\nA('HSET',B,C,ARGV[2])\nif D and string.sub(D,6)~=string.sub(ARGV[2],6)then\nA('HSET',B,C .. '!',D .. '!')\nend\nA('PEXPIRE',B,ARGV[4])\nlocal E=A('HGETALL',B)\nlocal F,G,H=0,1e9\nfor i=1,#E,2 do\nlocal I=tonumber(string.sub(E[i+1],1,5))or 0\nif I<=ARGV[3]+0 then\nA('HDEL',B,E[i])\nelse\nF=F+1\nif E[i]~=C and I<G then G,H=I,E[i] end\nend\nend\nif F>ARGV[5]+0 then A('HDEL',B,H)end\nreturn 1",
  sha1: "93763116cfab6e3bf40e4340277dfecbd951c963",
  flaggedSha1: "3b76bad09fad125e6b8ca5958804505a856c65d0",
};

/** read-limiters.lua */
export const readLimiters: Script = {
  text: "return redis.call('HGETALL',KEYS[1])",
  sha1: "3a82edaed1ed9a6fc0d6d40123e9e8ed4f96b34f",
  flaggedSha1: "f406dc9c0b62d4ed3af0680f19f1f023e02623d2",
};
