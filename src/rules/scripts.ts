// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

import type { Script } from "../algorithm/scripts.ts";

/** read-history.lua */
export const readHistory: Script = {
  text: "return redis.call('LRANGE',KEYS[1],0,-1)",
  sha1: "262539e21198ec1ca8992a92348105cb855c073e",
  flaggedSha1: "af920dec799e6c3c6f0ff2fd9987c17815914536",
};

/** read-rules.lua */
export const readRules: Script = {
  text: "local A=redis.pcall('GETRANGE',KEYS[1],0,63)\nlocal B='foreign'\nif A=='' then\nB='none'\nelseif type(A)=='string' then\nB=string.match(A,'^sluice%-rules%s1%s(v%d+%.%w+)\\n')or 'foreign'\nend\nif B==ARGV[1] then return false end\nif B=='none' or B=='foreign' then return B end\nreturn redis.call('GETRANGE',KEYS[1],0,ARGV[2]-1)",
  sha1: "d9ddee8a5edcca9fd10a534c92357b43a05d1aed",
  flaggedSha1: "690282e9449daed2bce8a377db257910a1160161",
};

/** write-rules.lua */
export const writeRules: Script = {
  text: "local A=redis.pcall('GETRANGE',KEYS[1],0,63)\nlocal B='foreign'\nif A=='' then\nB='none'\nelseif type(A)=='string' then\nB=string.match(A,'^sluice%-rules%s1%s(v%d+%.%w+)\\n')or 'foreign'\nend\nif B~=ARGV[1] then return 0 end\nredis.call('LPUSH',KEYS[2],ARGV[3])\nredis.call('LTRIM',KEYS[2],0,ARGV[4]-1)\nredis.call('SET',KEYS[1],ARGV[2])\nreturn 1",
  sha1: "5e5597c24631f386abb66cc4dd8df005fd3c0e62",
  flaggedSha1: "0cd5b51340b131a12e20c4c95c97d5a4cc243677",
};
