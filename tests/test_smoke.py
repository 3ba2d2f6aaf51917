def test_smoke(laptop, phone):
    print(laptop.sessions())
    assert laptop.sign_out("others").status_code == 204
    print(phone.me().json(), phone.edge().json(), laptop.me().json())
    r = laptop.refresh()
    assert r.status_code == 200
    print(laptop.me().json())
    assert laptop.sign_out().status_code == 204
    print(laptop.refresh().json(), laptop.sign_out("local"), laptop.sign_out().json())
