"""What ``auditauthsessions`` finds: how far this project meets the requirements of security standards.

``standards`` has the requirements as data, ``judges`` one function for each rule, ``project`` what they ask of the
project, ``formats`` the forms of the report.
"""
