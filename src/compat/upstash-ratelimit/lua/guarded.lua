local reply = step()
reply[#reply + 1] = fetch
return reply
