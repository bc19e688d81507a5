// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

import type { Script } from "../../algorithm/scripts.ts";

/** merge-hour.lua */
export const mergeHour: Script = {
  text: "local A=64\nlocal function B(C,D)\nlocal E,F={},{}\nfor i=2,#C,3 do\nlocal G={C[i],C[i+1]+D[1],C[i+2]+D[1],#E}\nE[#E+1]=G\nF[C[i]]=G\nend\nfor i=2,#D,3 do\nlocal G=F[D[i]]\nif G then\nG[2]=G[2]-D[1]+D[i+1]\nG[3]=G[3]-D[1]+D[i+2]\nelse\nE[#E+1]={D[i],D[i+1]+C[1],D[i+2]+C[1],#E}\nend\nend\ntable.sort(E,function(a,b)\nif a[2]==b[2] then return a[4]<b[4] end\nreturn a[2]>b[2]\nend)\nlocal H=E[A+1]\nlocal I={H and H[2] or C[1]+D[1]}\nfor i=1,math.min(A,#E)do\nfor J=1,3 do I[#I+1]=E[i][J] end\nend\nreturn I\nend\nlocal K=cjson.decode(ARGV[1])\nlocal L=redis.call('GET',KEYS[1])\nlocal M,N=pcall(cjson.decode,L or '')\nif not M or type(N)~='table' or N.v~=1 then\nN=K\nelse\nfor O,count in pairs(K.sums)do N.sums[O]=(N.sums[O] or 0)+count end\nfor O,I in pairs(K.tops)do\nN.tops[O]=N.tops[O] and B(N.tops[O],I)or I\nend\nend\nlocal R=cjson.encode(N)\nredis.call('SET',KEYS[1],R,'PX',ARGV[2])\nreturn #R",
  sha1: "43e4053c9ab492277dc5958c0b796a8d3677cefa",
  flaggedSha1: "520007d418f6e72799f08088c9c3a2d083115848",
};

/** read-hours.lua */
export const readHours: Script = {
  text: "return redis.call('MGET',unpack(KEYS))",
  sha1: "7f1d9b44cf2292f4b153eeffbec53b919cf1c47e",
  flaggedSha1: "2b34a6200c70999038c305a2f68612f0bf9f966c",
};
