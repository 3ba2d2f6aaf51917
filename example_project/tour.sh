API=http://127.0.0.1:8000/api
sign_in() { curl -s $API/auth/token/ -A "$1" -d username=ada -d password=lovelace-1815; }
access() { python3 -c 'import json, sys; print(json.load(sys.stdin)["access"])'; }

# Ada signs in on two devices, and looks at the list.
LAPTOP=$(sign_in "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) Firefox/148.0" | access)
PHONE=$(sign_in "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) CriOS/144.0" | access)
curl -s $API/auth/sessions/ -H "Authorization: Bearer $LAPTOP" | python3 -m json.tool

# From the laptop she signs out the others.
curl -s -X POST "$API/auth/sign-out/?scope=others" -H "Authorization: Bearer $LAPTOP" -w "%{http_code}\n"

# The phone is refused at once where the session is asked, and is good until `exp` where only the signature is.
curl -s -w "\n" $API/me/ -H "Authorization: Bearer $PHONE"
curl -s -w "\n" $API/edge/ -H "Authorization: Bearer $PHONE"
curl -s -w "\n" $API/me/ -H "Authorization: Bearer $LAPTOP"
