using 'main.bicep'

param environment = 'staging'
param trains = false
param registryId = readEnvironmentVariable('INFRA_REGISTRY_ID')
param addresses = {
  network: '10.80.4.0/22'
  endpoints: '10.80.4.0/24'
  flows: '10.80.5.0/24'
  apps: '10.80.6.0/24'
}
param emails = split(readEnvironmentVariable('INFRA_EMAILS'), ',')
param monthlyBudget = 200
param budgetStart = readEnvironmentVariable('INFRA_BUDGET_START')
param tags = {
  application: 'perennial'
  'cost-center': readEnvironmentVariable('INFRA_COST_CENTER')
  owner: readEnvironmentVariable('INFRA_OWNER')
}
