// Who is told.
param prefix string
param environment string
param tags object
param emails array

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${prefix}-${environment}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: take('${prefix}-${environment}', 12)
    emailReceivers: [for (email, i) in emails: {
      name: 'person-${i}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

output id string = people.id
