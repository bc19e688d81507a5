// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

import type { Script } from "../../algorithm/scripts.ts";

/** describe-limiter.lua */
export const describeLimiter: Script = {
  text: "local A,B=KEYS[1],ARGV[1]\nif redis.call('HGET',A,B)==ARGV[2] then return 0 end\nredis.call('HSET',A,B,ARGV[2])\nredis.call('PEXPIRE',A,ARGV[4])\nlocal C=redis.call('HGETALL',A)\nlocal D,E,F=0,nil,nil\nfor i=1,#C,2 do\nlocal G=tonumber(string.match(C[i+1],'^%d+'))or 0\nif G<=ARGV[3]+0 then\nredis.call('HDEL',A,C[i])\nelse\nD=D+1\nif C[i]~=B and(not F or G<F)then E,F=C[i],G end\nend\nend\nif D>ARGV[5]+0 then redis.call('HDEL',A,E)end\nreturn 1",
  sha1: "bbf8fae27ea0ed39fc69c787f3d38ad4f429a946",
  flaggedSha1: "c6d8db5ece063414d892456be0801a89a19fb245",
};

/** read-limiters.lua */
export const readLimiters: Script = {
  text: "return redis.call('HGETALL',KEYS[1])",
  sha1: "3a82edaed1ed9a6fc0d6d40123e9e8ed4f96b34f",
  flaggedSha1: "f406dc9c0b62d4ed3af0680f19f1f023e02623d2",
};
