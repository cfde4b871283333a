// What the environment may cost a month, and who hears of it before.
param prefix string
param environment string
param amount int

@description('The first day of a month, of the current one when first deployed: YYYY-MM-01.')
param start string
param peopleId string
param emails array

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'budget-${prefix}-${environment}'
  properties: {
    amount: amount
    category: 'Cost'
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: {
      soon: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Forecasted'
        contactEmails: emails
        contactGroups: [peopleId]
      }
      spent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Actual'
        contactEmails: emails
        contactGroups: [peopleId]
      }
    }
  }
}
