// Generated from the .lua files in this folder by "npm run scripts". Don't edit.

import type { Script } from "../../algorithm/scripts.ts";

/** drop-addresses.lua */
export const dropAddresses: Script = {
  text: "local A=redis.call('SDIFFSTORE',KEYS[1],KEYS[1],KEYS[2])\nlocal B=redis.call('DEL',KEYS[2])\nredis.call('SET',KEYS[3],'disabled')\nreturn{A,B,'OK'}",
  sha1: "8b5b4c68d7e45aacaf065dcf991404d09412163b",
  flaggedSha1: "593fe496be1425fea98ccc47e0723f242b4003a9",
};

/** guard-alone.lua */
export const guardAlone: Script = {
  text: "local C,D=ARGV[1]+0,ARGV[2]\nlocal E=0\nfor _=1,2 do table.remove(ARGV,1)end\nif C>0 then\nlocal F,G={},0\nfor i=1,C do F[i]=table.remove(ARGV,1)end\nfor i,isThere in ipairs(redis.call('SMISMEMBER',KEYS[2],unpack(F)))do G=G+isThere*2^(i-1)end\nif redis.call('EXISTS',KEYS[3])==0 then\nredis.call('SET',KEYS[3],'pending','PX',30000)\nE=1\nend\nif G>0 then return{2,G,E}end\nend\nif D~='-' then\nlocal I='=' ..(redis.call('GET',KEYS[#KEYS])or '')\nif I~=D then return{3,I,E}end\nend\nreturn{1,E}",
  sha1: "2ce367bbc8ab22f431b1a9b67c62b8a1ad892280",
  flaggedSha1: "6da8f0d93660a4c368978b786f02845e9c487c9e",
};

/** guarded-fixed-window.lua */
export const guardedFixedWindow: Script = {
  text: "local C,D=ARGV[1]+0,ARGV[2]\nlocal E=0\nfor _=1,2 do table.remove(ARGV,1)end\nif C>0 then\nlocal F,G={},0\nfor i=1,C do F[i]=table.remove(ARGV,1)end\nfor i,isThere in ipairs(redis.call('SMISMEMBER',KEYS[2],unpack(F)))do G=G+isThere*2^(i-1)end\nif redis.call('EXISTS',KEYS[3])==0 then\nredis.call('SET',KEYS[3],'pending','PX',30000)\nE=1\nend\nif G>0 then return{2,G,E}end\nend\nif D~='-' then\nlocal I='=' ..(redis.call('GET',KEYS[#KEYS])or '')\nif I~=D then return{3,I,E}end\nend\nlocal function J()\nlocal K,L,M=KEYS[1],ARGV,redis.call\nlocal N,O,P,Q=L[1]+0,L[2]+0,L[3]+0,L[4]+0\nlocal R=L[5] and L[5]+0\nif N<0 then\nlocal S=M('TIME')\nN=S[1]*1000+math.floor(S[2]/1000)\nend\nlocal T=1000\nlocal U=M('GET',K)\nlocal V,C=N,0\nif U and #U==12 then\nlocal a,b,c,d,e,f,g,h,i,j,k,l=string.byte(U,1,12)\nlocal W=f%64\nlocal X=(((((a*256+b)*256+c)*256+d)*256+e)*256+f-W)/64\nif X<=N+T or M('PTTL',K)>T then\nV,C=X,W%32*2^48+((((g*256+h)*256+i)*256+j)*256+k)*256+l\nif W>31 then C=-C end\nif X>N then N=X end\nend\nend\nif C<0 or V<N-N%P then C=0 end\nif R and(R<N-N%P or R>N)then O=0 end\nlocal Y=C+O\nif Y>Q then return{0,N,C}end\nif Y<0 then Y=0 elseif Y>2^53-1 then Y=2^53-1 end\nlocal Z,u=0,P-N%P\nC=Y\nlocal v=C%2^48\nlocal W=N*64+Z+(C-v)/2^48\nlocal f,l=W%256,v%256\nW,v=(W-f)/256,(v-l)/256\nlocal e,k=W%256,v%256\nW,v=(W-e)/256,(v-k)/256\nlocal d,j=W%256,v%256\nW,v=(W-d)/256,(v-j)/256\nlocal c,i=W%256,v%256\nW,v=(W-c)/256,(v-i)/256\nlocal b,h=W%256,v%256\nU=string.char((W-b)/256,b,c,d,e,f,(v-h)/256,h,i,j,k,l)\nM('SET',K,U,'PX',u+T)\nreturn{1,N,C}\nend\nlocal w=J()\nw[#w+1]=E\nreturn w",
  sha1: "52f6944356598ed889d67404503a6ac51d1b0d87",
  flaggedSha1: "62b707d0c2f600c17546bc59a49e56b3c84cc33b",
};

/** guarded-sliding-window.lua */
export const guardedSlidingWindow: Script = {
  text: "local C,D=ARGV[1]+0,ARGV[2]\nlocal E=0\nfor _=1,2 do table.remove(ARGV,1)end\nif C>0 then\nlocal F,G={},0\nfor i=1,C do F[i]=table.remove(ARGV,1)end\nfor i,isThere in ipairs(redis.call('SMISMEMBER',KEYS[2],unpack(F)))do G=G+isThere*2^(i-1)end\nif redis.call('EXISTS',KEYS[3])==0 then\nredis.call('SET',KEYS[3],'pending','PX',30000)\nE=1\nend\nif G>0 then return{2,G,E}end\nend\nif D~='-' then\nlocal I='=' ..(redis.call('GET',KEYS[#KEYS])or '')\nif I~=D then return{3,I,E}end\nend\nlocal function J()\nlocal K,L,M=KEYS[1],ARGV,redis.call\nlocal N,O,P,Q=L[1]+0,L[2]+0,L[3]+0,L[4]+0\nlocal R=L[5] and L[5]+0\nif N<0 then\nlocal S=M('TIME')\nN=S[1]*1000+math.floor(S[2]/1000)\nend\nlocal T=1000\nlocal U=M('GET',K)\nlocal x,y,z=0,0,false\nlocal AA=N%P\nif U and(#U==12 or #U==20)then\nlocal a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t=string.byte(U,1,20)\nlocal X=((((a*256+b)*256+c)*256+d)*256+e)*256+f\nif X<=N+T or M('PTTL',K)>T then\nif m then\nlocal function AB(a,b,c,d,e,f)\nreturn((((a*256+b)*256+c)*256+d)*256+e)*256+f\nend\nx=g*2^48+AB(h,i,j,k,l,m)\ny=n*2^48+AB(o,p,q,r,s,t)\nelse\nx=(g*256+h)*256+i\ny=(j*256+k)*256+l\nend\nif X>N then\nN,AA,z=X,X%P,X>=N+P\nelseif X<N-AA then\ny=X>=N-AA-P and x or 0\nx=0\nend\nend\nend\nlocal Y,AC=x+O,y\nif R then\nlocal AD=N-AA\nY=R>=AD and R<=N and math.max(0,Y)or x\nif R<AD and R>=AD-P then AC=math.max(0,y+O)end\nelseif Y<0 then\nAC=AC+Y\nif AC<0 then AC=0 end\nY=0\nend\nif Y*P+AC*(P-AA)>Q then return{0,N,x,y}end\nif Y>2^53-1 then Y=2^53-1 end\nlocal u=P-AA\nif Y>0 then\nu=z and P or u+P\nend\nif Y<16777216 and AC<16777216 then\nlocal f,i,l=N%256,Y%256,AC%256\nlocal W,AE,v=(N-f)/256,(Y-i)/256,(AC-l)/256\nlocal e,h,k=W%256,AE%256,v%256\nW=(W-e)/256\nlocal d=W%256\nW=(W-d)/256\nlocal c=W%256\nW=(W-c)/256\nlocal b=W%256\nU=string.char((W-b)/256,b,c,d,e,f,(AE-h)/256,h,i,(v-k)/256,k,l)\nelse\nlocal function AF(n)\nlocal f=n%256\nn=(n-f)/256\nlocal e=n%256\nn=(n-e)/256\nlocal d=n%256\nn=(n-d)/256\nlocal c=n%256\nn=(n-c)/256\nlocal b=n%256\nreturn string.char((n-b)/256,b,c,d,e,f)\nend\nlocal v,AG=Y%2^48,AC%2^48\nU=AF(N).. string.char((Y-v)/2^48).. AF(v)\n.. string.char((AC-AG)/2^48).. AF(AG)\nend\nM('SET',K,U,'PX',u+T)\nreturn{1,N,Y,AC}\nend\nlocal w=J()\nw[#w+1]=E\nreturn w",
  sha1: "c094c3084cb07b91631d6373976f701edb42ba83",
  flaggedSha1: "1cc9cabf63203544273d1a2a33902b159b72119d",
};

/** guarded-token-bucket.lua */
export const guardedTokenBucket: Script = {
  text: "local C,D=ARGV[1]+0,ARGV[2]\nlocal E=0\nfor _=1,2 do table.remove(ARGV,1)end\nif C>0 then\nlocal F,G={},0\nfor i=1,C do F[i]=table.remove(ARGV,1)end\nfor i,isThere in ipairs(redis.call('SMISMEMBER',KEYS[2],unpack(F)))do G=G+isThere*2^(i-1)end\nif redis.call('EXISTS',KEYS[3])==0 then\nredis.call('SET',KEYS[3],'pending','PX',30000)\nE=1\nend\nif G>0 then return{2,G,E}end\nend\nif D~='-' then\nlocal I='=' ..(redis.call('GET',KEYS[#KEYS])or '')\nif I~=D then return{3,I,E}end\nend\nlocal function J()\nlocal K,L,M=KEYS[1],ARGV,redis.call\nlocal N,O,AH,Q=L[1]+0,L[2]+0,L[3]+0,L[4]+0\nlocal AI,P,R=L[5]+0,L[6]+0,L[7] and L[7]+0\nif N<0 then\nlocal S=M('TIME')\nN=S[1]*1000+math.floor(S[2]/1000)\nend\nlocal T=1000\nlocal U=M('GET',K)\nlocal V,C=N,0\nif U and #U==12 then\nlocal a,b,c,d,e,f,g,h,i,j,k,l=string.byte(U,1,12)\nlocal W=f%64\nlocal X=(((((a*256+b)*256+c)*256+d)*256+e)*256+f-W)/64\nif X<=N+T or M('PTTL',K)>T then\nV,C=X,W%32*2^48+((((g*256+h)*256+i)*256+j)*256+k)*256+l\nif W>31 then C=-C end\nif X>N then N=X end\nend\nend\nif R then O=R<=N and math.min(0,O+(N-R)*AH)or Q<1e300 and O or 0 end\nlocal AJ=(C<0 and AI-C or C<AI and C or AI)-(N-V)*AH\nif AJ<0 then AJ=0 end\nlocal Y,AK=AJ+O,0\nif Y>=2^53 then Y=2^53-1 end\nif Y>0 then\nAK=math.ceil((Y>AI and Y or AI)/AH)\nif AK<P then AK=P end\nelse\nY=0\nend\nif Y>Q then return{0,N,AJ>AI and AI-AJ or AJ}end\nlocal Z,u=0,math.min(AK,1e13)\nC=Y\nif Y>AI then Z,C=32,Y-AI end\nlocal v=C%2^48\nlocal W=N*64+Z+(C-v)/2^48\nlocal f,l=W%256,v%256\nW,v=(W-f)/256,(v-l)/256\nlocal e,k=W%256,v%256\nW,v=(W-e)/256,(v-k)/256\nlocal d,j=W%256,v%256\nW,v=(W-d)/256,(v-j)/256\nlocal c,i=W%256,v%256\nW,v=(W-c)/256,(v-i)/256\nlocal b,h=W%256,v%256\nU=string.char((W-b)/256,b,c,d,e,f,(v-h)/256,h,i,j,k,l)\nM('SET',K,U,'PX',u+T)\nreturn{1,N,Z>0 and-C or C}\nend\nlocal w=J()\nw[#w+1]=E\nreturn w",
  sha1: "541571a519db6585f7fd780b675c1b6f9965288f",
  flaggedSha1: "14734106a0e33b4b4b0d9f76eacdfbd3e3aa9270",
};

/** replace-addresses.lua */
export const replaceAddresses: Script = {
  text: "local AL,AM,AN=KEYS[1],KEYS[2],KEYS[3]\nlocal AO={redis.call('SDIFFSTORE',AL,AL,AM),redis.call('DEL',AM),0}\nfor i=2,#ARGV,1000 do\nAO[3]=AO[3]+redis.call('SADD',AM,unpack(ARGV,i,math.min(i+999,#ARGV)))\nend\nAO[4]=redis.call('SDIFFSTORE',AM,AM,AL)\nAO[5]=redis.call('SUNIONSTORE',AL,AL,AM)\nredis.call('SET',AN,'valid','PX',ARGV[1])\nAO[6]='OK'\nreturn AO",
  sha1: "1d00d9446f94d961ac9abf72670b04e5aaae49bb",
  flaggedSha1: "7fc2c674d15f62e4f8b9973542a7e944efe94775",
};
