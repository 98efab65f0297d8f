curl -X POST \
-H "Authorization: Basic c2dueXZ1czZwYzRqbTdraHIybmVxNWdzODlnYnIyZXE6d3Q0YzN1bjl3a2tjZnZ5a25xeDQ0eW5jNDc2YWZzNjg=" \
--data-urlencode type_name=user\
--data-urlencode attributes='{"givenName":"Matt","familyName":"Parker","email":"parkerm@example.com","statuses":[{"status":"active","statusCreated":"2019-10-15T07:36:25Z"}]}' \
https://my-app.janraincapture.com/entity.create
